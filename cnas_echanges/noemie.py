"""La fiche fixe des échanges avec les complémentaires, à la manière de NOEMIE : 200 signes par ligne, positions décrites ici.

`doc/echanges.md` en imprime la table ; l'essai compare les deux. Texte en UTF-8 sans accent, nombres cadrés à droite sur des
zéros, textes à gauche sur des blancs, dates AAAAMMJJ, montants entiers en francs. Lignes finies par CR LF.
"""
import hashlib
import unicodedata

from odoo import _
from odoo.exceptions import UserError

LONGUEUR = 200
# {type: [(nom, longueur, genre)]} ; le type occupe les trois premiers signes.
FICHES = {
    "000": [("emetteur", 8, "texte"), ("organisme", 8, "texte"), ("numero", 20, "texte"), ("jour", 8, "date"), ("norme", 8, "texte")],
    "100": [("rang", 8, "nombre"), ("matricule", 20, "texte"), ("adherent", 16, "texte"), ("dossier", 24, "texte"), ("formation", 16, "texte"),
            ("soins", 8, "date"), ("prestation", 16, "texte"), ("quantite", 6, "nombre"), ("facture", 12, "nombre"), ("base", 12, "nombre"),
            ("taux", 5, "nombre"), ("part_cnas", 12, "nombre"), ("reste", 12, "nombre")],
    "900": [("lignes", 8, "nombre"), ("facture", 14, "nombre"), ("part_cnas", 14, "nombre"), ("reste", 14, "nombre")],
    "999": [("empreinte", 64, "texte"), ("cle", 16, "texte"), ("signature", 86, "texte")],
    # retour de l'organisme
    "200": [("rang", 8, "nombre"), ("dossier", 24, "texte"), ("pris", 12, "nombre"), ("motif", 60, "texte")],
    "010": [("organisme", 8, "texte"), ("numero", 20, "texte"), ("accuse", 1, "texte"), ("motif", 100, "texte")],
}
NORME = "CNAS01"


def _texte(valeur, longueur):
    net = unicodedata.normalize("NFKD", str(valeur or "")).encode("ascii", "ignore").decode()
    return "".join(signe if signe.isprintable() else " " for signe in net)[:longueur].ljust(longueur)


def ecrire_ligne(genre, **valeurs):
    """Rend une ligne de 200 signes.

    :raise UserError: un nombre qui ne tient pas dans sa place
    """
    morceaux = [genre]
    for nom, longueur, forme in FICHES[genre]:
        valeur = valeurs.get(nom)
        if forme == "nombre":
            ecrit = str(int(valeur or 0)).rjust(longueur, "0")
            if len(ecrit) > longueur or ecrit.startswith("-"):
                raise UserError(_("« %(nom)s » ne tient pas sur %(longueur)s chiffres : %(valeur)s.", nom=nom, longueur=longueur, valeur=valeur))
            morceaux.append(ecrit)
        elif forme == "date":
            morceaux.append(f"{valeur:%Y%m%d}")
        else:
            morceaux.append(_texte(valeur, longueur))
    return "".join(morceaux).ljust(LONGUEUR)


def lire_ligne(ligne, numero):
    """Rend (type, {nom: valeur}) d'une ligne.

    :raise UserError: type inconnu, ligne trop courte, nombre illisible
    """
    genre = ligne[:3]
    if genre not in FICHES:
        raise UserError(_("Ligne %(numero)s : type « %(genre)s » inconnu.", numero=numero, genre=genre))
    valeurs, place = {}, 3
    for nom, longueur, forme in FICHES[genre]:
        lu = ligne[place:place + longueur].strip()
        place += longueur
        if forme == "nombre":
            if not (lu.isascii() and lu.isdigit()):
                raise UserError(_("Ligne %(numero)s : « %(nom)s » n'est pas un nombre.", numero=numero, nom=nom))
            lu = int(lu)
        valeurs[nom] = lu
    return genre, valeurs


def empreinte(lignes):
    """Rend l'empreinte SHA-256 des lignes qui précèdent le sceau."""
    return hashlib.sha256("".join(f"{ligne}\r\n" for ligne in lignes).encode()).hexdigest()


def lire_fichier(contenu):
    """Rend [(type, valeurs)] d'un fichier de l'organisme (accusé ou retour).

    :raise UserError: trop gros, illisible
    """
    if len(contenu) > 20 * 1024 * 1024:
        raise UserError(_("Le fichier dépasse 20 Mo."))
    try:
        texte = contenu.decode("utf-8-sig")
    except UnicodeDecodeError as erreur:
        raise UserError(_("Le fichier n'est pas en UTF-8.")) from erreur
    if "\x00" in texte:
        raise UserError(_("Le fichier porte des caractères illisibles."))
    return [lire_ligne(ligne, numero) for numero, ligne in enumerate(texte.splitlines(), 1) if ligne.strip()]
