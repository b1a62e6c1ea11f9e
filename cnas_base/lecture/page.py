"""Lire une page numérisée : son image redressée, ses mots avec leur place et leur confiance, ses codes-barres.

Tesseract et `zxing-cpp` sont facultatifs : sans eux le fichier se lit à l'œil, et l'écran dit ce qui manque.
"""
import csv
import functools
import io
import itertools
import os
import re
import shutil
import subprocess
from typing import NamedTuple

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat
from PyPDF2 import PdfReader, PdfWriter

from .fichier import _image_de_page, _images, apercu_pdf

try:
    import zxingcpp
except ImportError:  # on tape le numéro
    zxingcpp = None

LANGUES = ("fra", "ara")
# Une page A4 à 200 points par pouce : au-delà, Tesseract n'y lit pas mieux.
COTE_LUE = 2340
COTE_CODE = 1800
DELAI = 120
# Une page nette diffère de ce qu'elle est sans son grain de 1 à 2 points sur 255.
BRUIT = 5
# En deçà, la couche de texte d'un PDF n'est qu'un tampon de numériseur : on lit l'image.
LETTRES_MIN = 20
# Une feuille, même photographiée, s'oriente avec 8 à 15 de confiance ; en deçà, Tesseract hésite.
SUR = 3
ANGLES = [pas / 2 for pas in range(-8, 9)]
_MOTS = re.compile(r"\w", re.UNICODE)


class Mot(NamedTuple):
    """Un mot lu, sa confiance (0 à 100) et son cadre en dix-millièmes de la page redressée ; rien que des zéros : sans place."""

    texte: str
    confiance: int
    x: int = 0
    y: int = 0
    largeur: int = 0
    hauteur: int = 0


class Page(NamedTuple):
    """Ce qu'on a lu d'une page."""

    texte: str
    confiance: int
    mots: list


class MoteurAbsent(Exception):
    """Tesseract n'est pas là : la phrase dit ce qui manque."""


@functools.lru_cache(maxsize=1)
def langues_presentes():
    """Rend celles de nos langues que Tesseract connaît sur ce serveur ; aucune s'il n'y est pas."""
    if not shutil.which("tesseract"):
        return ()
    try:
        reponse = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, timeout=30).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(langue for langue in LANGUES if langue in reponse)


def nombre_de_pages(contenu, mime):
    """Rend le nombre de pages d'un fichier déjà ouvert sans faute."""
    if mime == "application/pdf":
        return len(PdfReader(io.BytesIO(contenu)).pages)
    with _images(contenu, mime) as images:
        return sum(1 for _image in images)


def image_de_page(contenu, mime, rang):
    """Rend l'image de la page `rang` (depuis 1), à la taille où on la lit ; None d'une page faite de texte."""
    if mime == "application/pdf":
        image = _image_de_page(PdfReader(io.BytesIO(contenu)).pages[rang - 1])
    else:
        with _images(contenu, mime) as images:
            image = next(itertools.islice(images, rang - 1, None), None)
            image = image and image.copy()
    if image is None:
        return None
    try:
        image = image.convert("L")
    except Exception:  # une image d'un encodage rare dans un PDF : la page se lit à l'œil
        return None
    image.thumbnail((COTE_LUE, COTE_LUE), Image.Resampling.LANCZOS)
    return image


def nettoyer(image):
    """Rend l'encre seule : l'ombre d'une photo, le grain d'un numériseur et le gris d'un papier ôtés."""
    lisse = image.filter(ImageFilter.MedianFilter(3))
    if ImageStat.Stat(ImageChops.difference(image, lisse)).mean[0] > BRUIT:
        image = lisse.filter(ImageFilter.GaussianBlur(0.8))
    # Le papier, vu de loin : le plus clair de chaque coin, adouci.
    papier = image.resize((image.width // 16 or 1, image.height // 16 or 1), Image.Resampling.BOX).filter(
        ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(3)).resize(image.size, Image.Resampling.BILINEAR)
    return ImageOps.autocontrast(ImageOps.invert(ImageChops.subtract(papier, image)), cutoff=(0.1, 60))


def orienter(image):
    """Rend l'image nettoyée tournée des quarts de tour qui la remettent droite, que dit Tesseract ; telle quelle s'il ne sait."""
    if not langues_presentes():
        return image
    try:
        reponse = _tesseract(image, "--psm", "0").decode("utf-8", "replace")
    except subprocess.SubprocessError:  # trop peu de lettres
        return image
    lus = dict(ligne.split(": ", 1) for ligne in reponse.splitlines() if ": " in ligne)
    angle = int(lus.get("Rotate", 0))
    return image.rotate(-angle, expand=True) if angle and float(lus.get("Orientation confidence", 0)) >= SUR else image


def redresser(image):
    """Rend l'image nettoyée, remise droite, puis tournée des quelques degrés qui mettent ses lignes d'aplomb."""
    image = orienter(nettoyer(image))
    petite = image.copy()
    petite.thumbnail((700, 700), Image.Resampling.BOX)
    angle = max(ANGLES, key=lambda a: _relief(petite.rotate(a, Image.Resampling.BILINEAR, fillcolor=255)))
    return image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255) if angle else image


def lire_page(contenu, mime, rang):
    """Rend ce que dit une page, `Page` : la couche de texte d'un PDF, sinon ce que Tesseract lit de l'image.

    :raise MoteurAbsent: il faudrait Tesseract
    :raise subprocess.SubprocessError: il n'a pas su
    """
    if mime == "application/pdf":
        texte = PdfReader(io.BytesIO(contenu)).pages[rang - 1].extract_text() or ""
        if len(_MOTS.findall(texte)) >= LETTRES_MIN:
            return Page(texte, 100, [Mot(mot, 100) for mot in texte.split()])
    image = image_de_page(contenu, mime, rang)
    if image is None:
        return Page("", 0, [])
    return lire_image(redresser(image))


def lire_image(image):
    """Rend la `Page` que Tesseract lit d'une image redressée."""
    langues = langues_presentes()
    if not langues:
        raise MoteurAbsent
    # Page nettoyée, un seul bloc (psm 6) : les colonnes d'un tableau ne se perdent pas.
    sortie = _tesseract(image, "-l", "+".join(langues), "--psm", "6", "tsv")
    mots, lignes = [], {}
    for rang in csv.DictReader(io.StringIO(sortie.decode("utf-8", "replace")), delimiter="\t", quoting=csv.QUOTE_NONE):
        texte = (rang["text"] or "").strip()
        if rang["level"] != "5" or not _MOTS.search(texte):
            continue
        x, y, large, haut = (int(rang[cle]) for cle in ("left", "top", "width", "height"))
        mots.append(Mot(texte, round(float(rang["conf"])), x * 10000 // image.width, y * 10000 // image.height,
                        large * 10000 // image.width, haut * 10000 // image.height))
        lignes.setdefault((rang["block_num"], rang["par_num"], rang["line_num"]), []).append(texte)
    confiance = round(sum(mot.confiance for mot in mots) / len(mots)) if mots else 0
    return Page("\n".join(map(" ".join, lignes.values())), confiance, mots)


def _tesseract(image, *options):
    """Rend ce que Tesseract dit d'une image. Un cœur, et après tout le monde : lire une page n'attend personne.

    :raise subprocess.SubprocessError: il n'a pas su
    """
    entree = io.BytesIO()
    image.save(entree, "PNG", compress_level=1)
    return subprocess.run(["nice", "-n", "15", "tesseract", "stdin", "stdout", "--dpi", "200", *options], input=entree.getvalue(),
                          capture_output=True, timeout=DELAI, check=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"}).stdout


def lit_les_codes():
    """Dit si la bibliothèque des codes-barres est là."""
    return zxingcpp is not None


def codes_d_image(image, qr_seul=False):
    """Rend les textes des codes-barres et QR d'une image, ou des seuls QR ; aucun sans bibliothèque."""
    if not lit_les_codes():
        return []
    formats = {"formats": zxingcpp.BarcodeFormat.QRCode} if qr_seul else {}
    return [code.text for code in zxingcpp.read_barcodes(image, **formats)]


def codes_de_page(contenu, mime, rang):
    """Rend les textes des codes-barres et QR d'une page ; aucun sans bibliothèque, ou si la page est faite de texte."""
    image = image_de_page(contenu, mime, rang) if lit_les_codes() else None
    if image is None:
        return []
    image.thumbnail((COTE_CODE, COTE_CODE), Image.Resampling.BOX)
    return codes_d_image(image)


def vignette(contenu, mime, rang, cote=180):
    """Rend le JPEG d'une page en tout petit, ou None."""
    image = image_de_page(contenu, mime, rang)
    if image is None:
        return None
    image.thumbnail((cote, cote), Image.Resampling.BOX)
    sortie = io.BytesIO()
    image.save(sortie, "JPEG", quality=60)
    return sortie.getvalue()


def zone_de_page(image, cadre, marge=120):
    """Rend le PNG du morceau d'une image redressée autour d'un cadre en dix-millièmes."""
    x, y, largeur, hauteur = cadre
    boite = (max(x - marge * 3, 0) * image.width // 10000, max(y - marge, 0) * image.height // 10000,
             min(x + largeur + marge * 3, 10000) * image.width // 10000, min(y + hauteur + marge, 10000) * image.height // 10000)
    sortie = io.BytesIO()
    image.crop(boite).save(sortie, "PNG")
    return sortie.getvalue()


def pages_choisies(contenu, mime, premiere, derniere):
    """Rend le PDF des pages `premiere` à `derniere` (depuis 1) d'un document."""
    lecteur, redacteur, sortie = PdfReader(io.BytesIO(apercu_pdf(contenu, mime) or contenu)), PdfWriter(), io.BytesIO()
    for page in lecteur.pages[premiere - 1:derniere]:
        redacteur.add_page(page)
    redacteur.write(sortie)
    return sortie.getvalue()


def _relief(image):
    """Rend combien l'encre d'une image se range en lignes : la variance de ses rangées."""
    rangees = image.resize((1, image.height), Image.Resampling.BOX).tobytes()
    moyenne = sum(rangees) / len(rangees)
    return sum((gris - moyenne) ** 2 for gris in rangees)
