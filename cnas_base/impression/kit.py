"""Dessiner : couleurs, polices du système, arabe, ligne de texte, QR, photo, emblème."""
import base64
import binascii
import contextlib
import io
import os
import re
import subprocess
from functools import lru_cache

import arabic_reshaper
import qrcode
from bidi.algorithm import get_display
from PIL import Image
from reportlab import rl_config
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

from odoo import _
from odoo.exceptions import UserError

from .langue import dans_sa_langue, en_arabe

# Un flux binaire : en texte (ASCII 85), chaque page pèse un quart de plus.
rl_config.useA85 = 0

SILENCE_QR = 4  # modules blancs que la norme veut autour
VERT = HexColor("#0B7A4B")
VERT_SOMBRE = HexColor("#075C38")
VERT_PALE = HexColor("#E8F4EE")
ENCRE = HexColor("#16211C")
GRIS = HexColor("#5C6B64")
GRIS_PALE = HexColor("#D5DED9")
ROUGE = HexColor("#B3261E")
DRAPEAU = (HexColor("#002664"), HexColor("#FECB00"), HexColor("#C60C30"))

OPPOSE = {"gauche": "droite", "droite": "gauche"}
LATIN, LATIN_GRAS = "CnasLatin", "CnasLatin-Gras"
ARABE, ARABE_GRAS = "CnasArabe", "CnasArabe-Gras"
# Celles du système, à défaut la suivante : DejaVu porte aussi l'arabe.
FAMILLES_LATINES, FAMILLES_ARABES = ("Noto Sans", "DejaVu Sans"), ("Noto Naskh Arabic", "Noto Sans Arabic", "DejaVu Sans")
POLICES = {LATIN: (FAMILLES_LATINES, "Regular"), LATIN_GRAS: (FAMILLES_LATINES, "Bold"),
           ARABE: (FAMILLES_ARABES, "Regular"), ARABE_GRAS: (FAMILLES_ARABES, "Bold")}

# Ce qui suit une parenthèse fermée sur du latin reste de son côté : sans cette marque, l'arabe la rejetterait au bout de la ligne.
_LATIN_ENTRE_PARENTHESES = re.compile(r"([^\W\u0600-\u06ff] ?\([^()\u0600-\u06ff]*\))")
# Les groupes d'un nombre se lisent de gauche à droite même en arabe : l'insécable les tient, l'espace les retournerait.
_ENTRE_CHIFFRES = re.compile(r"(?<=[0-9]) (?=[0-9])")
_MARQUES = re.compile("[\u200e\u200f]")

REPUBLIQUE = ("RÉPUBLIQUE DU TCHAD", "جمهورية تشاد")
DEVISE = ("Unité – Travail – Progrès", "الاتحاد، العمل، التقدم")
CAISSE = ("Caisse Nationale d'Assurance Santé", "الصندوق الوطني للتأمين الصحي")


class Canevas(canvas.Canvas):
    """Une page qui connaît son sens : de droite à gauche, ce qui se dessine à gauche passe à droite, au même écart du bord."""

    retournee = False

    def miroir(self, x, largeur=0):
        """Rend où se dessine ce qui va de `x` à `x + largeur`, selon le sens de la page."""
        return self._pagesize[0] - x - largeur if self.retournee else x

    @contextlib.contextmanager
    def a_l_endroit(self):
        """Dessine sans retourner : ce qui porte déjà les deux langues, un sceau, un drapeau."""
        avant, self.retournee = self.retournee, False
        try:
            yield
        finally:
            self.retournee = avant

    def rect(self, x, y, width, height, stroke=1, fill=0):
        super().rect(self.miroir(x, width), y, width, height, stroke=stroke, fill=fill)

    def roundRect(self, x, y, width, height, radius, stroke=1, fill=0):
        super().roundRect(self.miroir(x, width), y, width, height, radius, stroke=stroke, fill=fill)

    def line(self, x1, y1, x2, y2):
        super().line(self.miroir(x1), y1, self.miroir(x2), y2)

    def ellipse(self, x1, y1, x2, y2, stroke=1, fill=0):
        super().ellipse(self.miroir(x1), y1, self.miroir(x2), y2, stroke=stroke, fill=fill)


@lru_cache(maxsize=1)
def charger_polices():
    """Déclare à reportlab les polices du système (une fois par processus).

    :raise UserError: aucune n'est installée
    """
    for nom, (familles, style) in POLICES.items():
        pdfmetrics.registerFont(TTFont(nom, _fichier_de_police(familles, style)))


def imprimer(titre, objets, dessiner, taille=A4):
    """Rend le PDF (bytes) où `dessiner(page, objet)` a dessiné chaque objet, dans la langue de qui le reçoit, sur une ou plusieurs pages."""
    charger_polices()
    tampon = io.BytesIO()
    page = Canevas(tampon, pagesize=taille, pageCompression=1)
    page.setTitle(titre)
    page.setAuthor(CAISSE[0])
    for objet in objets:
        with dans_sa_langue(objet) as papier:
            page.retournee = en_arabe()
            dessiner(page, papier)
    page.save()
    return tampon.getvalue()


def _fichier_de_police(familles, style):
    """Rend le chemin de la première famille que fontconfig connaît dans ce style."""
    for famille in familles:
        try:
            reponse = subprocess.run(
                ["fc-match", "--format=%{family}|%{fontformat}|%{file}", f"{famille}:style={style}"],
                capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        trouvee, forme, chemin = reponse.partition("|")[0], *reponse.split("|")[1:3]
        if famille in trouvee.split(",") and forme == "TrueType" and os.path.isfile(chemin):
            return chemin
    raise UserError(_("Les polices d'impression manquent sur le serveur : installez fonts-noto-core et fonts-dejavu-core."))


def est_arabe(texte):
    """Dit si le texte contient des lettres arabes."""
    return any("\u0600" <= c <= "\u06ff" for c in texte)


def visuel(texte, base=None):
    """Rend un texte arabe dans l'ordre et sous les formes où il se dessine ; le latin est rendu tel quel.

    :param base: « R » s'il est d'une page arabe ; sinon son premier mot en décide
    """
    texte = str(texte or "")
    if not est_arabe(texte):
        return texte
    marque = _LATIN_ENTRE_PARENTHESES.sub("\\1\u200e", _ENTRE_CHIFFRES.sub("\u00a0", texte))
    return _MARQUES.sub("", get_display(arabic_reshaper.reshape(marque), base_dir=base))


def police(texte, gras=False):
    """Rend le nom de la police qui porte les lettres du texte."""
    if est_arabe(str(texte or "")):
        return ARABE_GRAS if gras else ARABE
    return LATIN_GRAS if gras else LATIN


def morceaux(texte, gras=False, base=None):
    """Rend [(police, dessin)] d'un texte, de gauche à droite : un nom écrit en deux écritures garde les lettres de chacune."""
    if not est_arabe(texte):
        return [(police(texte, gras), texte)]
    arabe, latin = (ARABE_GRAS, LATIN_GRAS) if gras else (ARABE, LATIN)
    # La police arabe du système n'a ni les lettres latines, ni les parenthèses.
    connues = pdfmetrics.getFont(arabe).face.charToGlyph
    resultat = []
    for c in visuel(texte, base):
        if _dessine_en_arabe(c) or c.isalpha():
            nom = arabe if _dessine_en_arabe(c) and ord(c) in connues else latin
        else:  # espace, chiffre ou signe : comme ce qui précède
            nom = resultat[-1][0] if resultat and (resultat[-1][0] == latin or ord(c) in connues) else latin
        if resultat and resultat[-1][0] == nom:
            resultat[-1] = (nom, resultat[-1][1] + c)
        else:
            resultat.append((nom, c))
    return resultat


def _dessine_en_arabe(c):
    return "\u0600" <= c <= "\u06ff" or "\ufb50" <= c <= "\ufdff" or "\ufe70" <= c <= "\ufeff"


def largeur_dessinee(texte, taille, gras=False, base=None):
    """Rend la largeur d'une ligne, en points."""
    return _largeur(morceaux(texte, gras, base), taille)


def _largeur(suite, taille):
    return sum(pdfmetrics.stringWidth(dessin, nom, taille) for nom, dessin in suite)


def ecrire(page, x, y, texte, taille, gras=False, couleur=ENCRE, largeur=None, cote="gauche"):
    """Écrit une ligne ; au-delà de `largeur` (points) le texte rétrécit jusqu'à 70 %, puis se coupe par « … ».

    :param page: `Canevas`
    :param cote: `gauche`, `droite` ou `centre` : ce que désigne `x`, avant que la page se retourne
    :return: largeur dessinée, en points
    """
    texte, base = " ".join(str(texte or "").split()), "R" if page.retournee else None
    suite = morceaux(texte, gras, base)
    x, cote = page.miroir(x), OPPOSE.get(cote, cote) if page.retournee else cote
    if largeur:
        plein = _largeur(suite, taille)
        if plein > largeur:
            taille = max(taille * 0.7, taille * largeur / plein)
        while len(texte) > 1 and _largeur(suite, taille) > largeur:
            texte = texte.rstrip("…")[:-1].rstrip() + "…"
            suite = morceaux(texte, gras, base)
    page.setFillColor(couleur)
    dessinee = _largeur(suite, taille)
    x -= {"gauche": 0, "droite": dessinee, "centre": dessinee / 2}[cote]
    for nom, dessin in suite:
        page.setFont(nom, taille)
        page.drawString(x, y, dessin)
        x += pdfmetrics.stringWidth(dessin, nom, taille)
    return dessinee


def dessiner_qr(page, texte, x, y, cote):
    """Dessine un QR (correction M), zone de silence comprise dans `cote` (points) : un bit par module, net à toute échelle."""
    # Masque fixe : nos textes sont faits de hasard (signature), en essayer huit coûterait six fois plus.
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=2)
    code.add_data(texte, optimize=0)
    code.make(fit=True)
    matrice = code.get_matrix()
    n = len(matrice)
    octets = -(-n // 8)
    rangs = "".join(f"{int(''.join('01'[noir] for noir in rang).ljust(octets * 8, '0'), 2):0{octets * 2}x}" for rang in matrice)
    page.setFillColor(white)
    page.rect(x, y, cote, cote, stroke=0, fill=1)
    page.setFillColor(ENCRE)
    page.saveState()
    silence = cote * SILENCE_QR / (n + 2 * SILENCE_QR)
    page.translate(page.miroir(x, cote) + silence, y + silence)
    page.scale(cote - 2 * silence, cote - 2 * silence)
    page._code.append(f"BI /W {n} /H {n} /BPC 1 /IM true /D [1 0] /F /AHx ID {rangs}> EI")
    page.restoreState()


def lire_photo(contenu, largeur=360, hauteur=450):
    """Rend la photo (base64) recadrée en portrait, prête à dessiner, ou None si elle manque ou est illisible."""
    if not contenu:
        return None
    try:
        with Image.open(io.BytesIO(base64.b64decode(contenu))) as image:
            image = image.convert("RGB")
            rapport = largeur / hauteur
            if image.width / image.height > rapport:
                utile = int(image.height * rapport)
                marge = (image.width - utile) // 2
                image = image.crop((marge, 0, marge + utile, image.height))
            else:
                image = image.crop((0, 0, image.width, int(image.width / rapport)))
            image = image.resize((largeur, hauteur))
            tampon = io.BytesIO()
            image.save(tampon, "JPEG", quality=88)
    except (OSError, ValueError, binascii.Error):
        return None
    return ImageReader(tampon)


def dessiner_photo(page, contenu, x, y, largeur, hauteur):
    """Dessine la photo, ou une silhouette quand elle manque, dans un cadre arrondi."""
    page.saveState()
    cadre = page.beginPath()
    cadre.roundRect(page.miroir(x, largeur), y, largeur, hauteur, 1.4 * mm)
    page.clipPath(cadre, stroke=0, fill=0)
    photo = lire_photo(contenu)
    if photo:
        page.drawImage(photo, page.miroir(x, largeur), y, largeur, hauteur)
    else:
        page.setFillColor(VERT_PALE)
        page.rect(x, y, largeur, hauteur, stroke=0, fill=1)
        page.setFillColor(GRIS_PALE)
        page.circle(x + largeur / 2, y + hauteur * 0.62, largeur * 0.2, stroke=0, fill=1)
        page.ellipse(x + largeur * 0.14, y - hauteur * 0.28, x + largeur * 0.86, y + hauteur * 0.36, stroke=0, fill=1)
        # Le papier le dit : une silhouette seule laisse croire à une photo effacée.
        corps = largeur * 0.11
        ecrire(page, x + largeur / 2, y + corps * 1.5, "Sans photo", corps, couleur=GRIS, cote="centre")
        ecrire(page, x + largeur / 2, y + corps * 0.4, "بدون صورة", corps, couleur=GRIS, cote="centre")
    page.restoreState()
    page.setStrokeColor(GRIS_PALE)
    page.setLineWidth(0.5)
    page.roundRect(x, y, largeur, hauteur, 1.4 * mm, stroke=1, fill=0)


def dessiner_filet(page, x, y, largeur, epaisseur):
    """Dessine le filet tricolore."""
    for i, couleur in enumerate(reversed(DRAPEAU) if page.retournee else DRAPEAU):
        page.setFillColor(couleur)
        page.rect(x + i * largeur / 3, y, largeur / 3 + 0.1, epaisseur, stroke=0, fill=1)


def dessiner_embleme(page, x, y, rayon, fond=white, dessin=VERT):
    """Dessine la marque de la caisse : une croix dans un disque, centrée en (x, y)."""
    page.setFillColor(fond)
    page.circle(x, y, rayon, stroke=0, fill=1)
    page.setFillColor(dessin)
    bras, demi = rayon * 0.62, rayon * 0.2
    page.roundRect(x - demi, y - bras, 2 * demi, 2 * bras, demi * 0.4, stroke=0, fill=1)
    page.roundRect(x - bras, y - demi, 2 * bras, 2 * demi, demi * 0.4, stroke=0, fill=1)
