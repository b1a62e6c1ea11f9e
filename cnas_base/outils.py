"""Petites pièces communes : arrondi, textes, tableurs, type réel d'un fichier."""
import csv
import io
import unicodedata
import zipfile
from decimal import ROUND_HALF_UP, Decimal

from odoo import _
from odoo.exceptions import UserError

TAILLE_MAX_TABLEAU = 25 * 1024 * 1024
LIGNES_MAX_TABLEAU = 200_000
# Un classeur est une archive : un petit fichier peut cacher des gigaoctets.
TAILLE_MAX_DECOMPRESSEE = 400 * 1024 * 1024

# Le jour de N'Djamena en SQL : la base tient ses instants en UTC, `current_date` serait le jour de Londres.
SQL_AUJOURDHUI = "(now() AT TIME ZONE 'Africa/Ndjamena')::date"

SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def sql_jour(instant):
    """Rend l'expression SQL du jour, à N'Djamena, d'une colonne `Datetime` (tenue en UTC)."""
    return f"({instant} AT TIME ZONE 'UTC' AT TIME ZONE 'Africa/Ndjamena')::date"


def arrondi_xaf(valeur):
    """Arrondit au franc, demi supérieur. Entrée : int, str ou Decimal ; sortie : int."""
    return int(Decimal(valeur).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def sans_accent(texte):
    """Rend le texte en minuscules, sans accents, ponctuation réduite à des espaces simples."""
    decompose = unicodedata.normalize("NFKD", texte or "")
    lettres = (c if c.isalnum() else " " for c in decompose if not unicodedata.combining(c))
    return " ".join("".join(lettres).lower().split())


def nom_de_colonne(entete):
    """Rend l'en-tête d'une colonne sous la forme d'un identifiant : « Date début » → date_debut."""
    return sans_accent(str(entete or "")).replace(" ", "_")


def type_reel(contenu):
    """Rend le type MIME lu dans les premiers octets (PDF, JPEG, PNG, TIFF), ou False."""
    for signature, mime in SIGNATURES:
        if contenu.startswith(signature):
            return mime
    return False


def cellule_sure(valeur):
    """Neutralise un texte qu'un tableur prendrait pour une formule."""
    if isinstance(valeur, str) and valeur[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + valeur
    return valeur


def lire_tableau(contenu, nom_fichier, avec_rang=False):
    """Lit un classeur XLSX ou un CSV.

    :param bytes contenu: le fichier
    :param str nom_fichier: son nom, dont l'extension dit le format
    :param bool avec_rang: ajoute `_rang`, le numéro de la ligne dans le fichier (la première ligne est 1)
    :return: liste de dict {colonne normalisée: valeur} ; une ligne vide est passée
    :raise UserError: fichier trop gros, illisible, vide ou d'un autre format
    """
    if len(contenu) > TAILLE_MAX_TABLEAU:
        raise UserError(_("Le fichier dépasse 25 Mo : découpez-le en plusieurs envois."))
    nom = (nom_fichier or "").lower()
    if nom.endswith(".xlsx"):
        rangs = _rangs_xlsx(contenu)
    elif nom.endswith((".csv", ".txt")):
        rangs = _rangs_csv(contenu)
    else:
        raise UserError(_("Format non reconnu : envoyez un classeur .xlsx ou un fichier .csv."))
    rangs = iter(rangs)
    entetes = [nom_de_colonne(e) for e in next(rangs, [])]
    if not any(entetes):
        raise UserError(_("Le fichier est vide : la première ligne doit porter les titres de colonnes."))
    lignes = []
    for numero, rang in enumerate(rangs, 2):
        if any(v not in (None, "") for v in rang):
            lignes.append({e: v for e, v in zip(entetes, rang) if e} | ({"_rang": numero} if avec_rang else {}))
        if len(lignes) > LIGNES_MAX_TABLEAU:
            raise UserError(_("Le fichier dépasse %s lignes : découpez-le.", LIGNES_MAX_TABLEAU))
    return lignes


def _rangs_csv(contenu):
    texte = _decoder(contenu)
    try:
        dialecte = csv.Sniffer().sniff(texte[:4096], delimiters=",;\t|")
    except csv.Error:
        dialecte = csv.excel
    try:
        return list(csv.reader(io.StringIO(texte, newline=""), dialecte))
    except csv.Error as erreur:
        raise UserError(_("Le fichier CSV est illisible : enregistrez-le à nouveau en UTF-8.")) from erreur


def _decoder(contenu):
    for encodage in ("utf-8-sig", "cp1252"):
        try:
            return contenu.decode(encodage)
        except UnicodeDecodeError:
            continue
    raise UserError(_("Le fichier n'est pas du texte : enregistrez-le en CSV UTF-8."))


def _rangs_xlsx(contenu):
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(contenu)) as archive:
            if sum(i.file_size for i in archive.infolist()) > TAILLE_MAX_DECOMPRESSEE:
                raise UserError(_("Le classeur est démesuré une fois décompressé : il est refusé."))
        classeur = openpyxl.load_workbook(io.BytesIO(contenu), read_only=True, data_only=True)
        return [list(rang) for rang in classeur.worksheets[0].iter_rows(values_only=True)]
    except UserError:
        raise
    except Exception as erreur:
        raise UserError(_("Le classeur est illisible : enregistrez-le à nouveau au format .xlsx.")) from erreur


def ecrire_xlsx(colonnes, lignes, titre="CNAS"):
    """Écrit un classeur.

    :param colonnes: titres de la première ligne
    :param lignes: itérable de séquences de valeurs
    :return: bytes ; les textes pris pour des formules sont neutralisés
    """
    import xlsxwriter

    tampon = io.BytesIO()
    classeur = xlsxwriter.Workbook(tampon, {"in_memory": True, "strings_to_formulas": False,
                                            "strings_to_urls": False, "remove_timezone": True})
    feuille = classeur.add_worksheet(titre[:31])
    feuille.freeze_panes(1, 0)
    gras = classeur.add_format({"bold": True, "bg_color": "#E3F1EA", "border": 1})
    jour = classeur.add_format({"num_format": "dd/mm/yyyy"})
    for j, colonne in enumerate(colonnes):
        feuille.write(0, j, colonne, gras)
        feuille.set_column(j, j, max(12, min(40, len(str(colonne)) + 4)))
    for i, ligne in enumerate(lignes, 1):
        for j, valeur in enumerate(ligne):
            if hasattr(valeur, "isoformat"):
                feuille.write_datetime(i, j, valeur, jour)
            elif valeur not in (None, False):
                feuille.write(i, j, valeur)
    classeur.close()
    return tampon.getvalue()
