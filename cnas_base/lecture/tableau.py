"""Lire un tableau : CSV de toutes sortes ou classeur XLSX, tel que les agents et les villages l'envoient."""
import csv
import io
import re
import zipfile

from odoo import _
from odoo.exceptions import UserError

from .texte import chiffres_latins, nom_de_colonne, sans_accent

TAILLE_MAX_TABLEAU = 25 * 1024 * 1024
LIGNES_MAX_TABLEAU = 200_000
# Un classeur est une archive : un petit fichier peut cacher des gigaoctets.
TAILLE_MAX_DECOMPRESSEE = 400 * 1024 * 1024
# L'en-tête se cherche dans les premières lignes remplies : au-dessus, un titre, une date, un lieu.
LIGNES_DE_TITRE = 20
SEPARATEURS = ";,\t|"
_TOTAL = re.compile(r"(?:(?:sous|grand) )?tota(?:l|ux)(?: (?:general|generaux|global|menage|page))?s?|(?:ال)?مجموع(?: العام| الكلي)?|الاجمالي")
# Trois lettres accentuées de suite, cela ne se voit pas en français : c'est de l'arabe de Windows lu comme du latin.
_ARABE_DE_WINDOWS = re.compile(rb"[\xc0-\xff]{3}")
_SEP = re.compile(r"\s*sep=(\t|[^\w\s\"'])[ \t]*\r?\n", re.IGNORECASE)
_PRECISION = re.compile(r"\(.*?\)|\[.*?\]")
_ZEROS = re.compile(r"0{2,}")
_FUSION = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')


class EnTeteIncompris(UserError):
    """Il manque des colonnes : `manquantes` les nomme, `titres` et `comprises` disent ce que porte le fichier.

    Pour qui sait les associer ; ailleurs, une UserError ordinaire : le client web ne montre bien que celle-là.
    """

    def __init__(self, phrase, manquantes, titres, comprises):
        super().__init__(phrase)
        self.manquantes, self.titres, self.comprises = manquantes, titres, comprises


class Ligne(dict):
    """Une ligne d'un tableau : {colonne: valeur}, son `numero` dans le fichier (la première est 1), ses `cases` telles que reçues."""

    __slots__ = ("numero", "cases")

    def __init__(self, numero, valeurs, cases=()):
        super().__init__(valeurs)
        self.numero, self.cases = numero, cases


class Tableau(list):
    """Les lignes d'un fichier, ses `titres` tels qu'écrits et, à la même place, les colonnes `comprises` (None : inconnue)."""

    def __init__(self, lignes, titres, comprises):
        super().__init__(lignes)
        self.titres, self.comprises = titres, comprises


def lire_tableau(contenu, nom_fichier, colonnes=None, obligatoires=()):
    """Lit un classeur XLSX ou un CSV, quels que soient son encodage, son séparateur et ses lignes de titre.

    :param bytes contenu: le fichier
    :param str nom_fichier: son nom, dont l'extension dit le format
    :param dict colonnes: {colonne: autres en-têtes admis} ; elles font trouver l'en-tête et la feuille du classeur
    :param obligatoires: colonnes sans lesquelles le fichier est refusé
    :return: `Tableau` de `Ligne` ; lignes vides, en-têtes répétés et lignes TOTAL sont passés
    :raise UserError: fichier trop gros, illisible, vide, d'un autre format, ou sans les colonnes obligatoires
    """
    try:
        return lire_ou_associer(contenu, nom_fichier, colonnes, obligatoires)
    except EnTeteIncompris as refus:
        raise UserError(str(refus)) from None


def lire_ou_associer(contenu, nom_fichier, colonnes=None, obligatoires=()):
    """Lit un tableau, pour qui sait associer ses titres (voir `lire_tableau`).

    :raise EnTeteIncompris: colonnes obligatoires absentes
    """
    if len(contenu) > TAILLE_MAX_TABLEAU:
        raise UserError(_("Le fichier dépasse 25 Mo : découpez-le en plusieurs envois."))
    connues = en_tetes_connus(colonnes or {})
    nom = (nom_fichier or "").lower()
    if nom.endswith((".csv", ".txt", ".tsv")) and not contenu.startswith(b"PK\x03\x04"):
        rangs = _rangs_csv(contenu, connues)
    elif nom.endswith((".csv", ".txt", ".tsv", ".xlsx")):
        rangs = _rangs_xlsx(contenu, connues)
    elif nom.endswith(".xls"):
        raise UserError(_("Ce classeur est à l'ancien format .xls : enregistrez-le au format .xlsx."))
    else:
        raise UserError(_("Format non reconnu : envoyez un classeur .xlsx ou un fichier .csv."))
    if not rangs:
        raise UserError(_("Le fichier est vide : une ligne doit porter les titres de colonnes."))
    if len(rangs) > LIGNES_MAX_TABLEAU + LIGNES_DE_TITRE:
        raise UserError(_("Le fichier dépasse %s lignes : découpez-le.", LIGNES_MAX_TABLEAU))
    return _lignes(rangs, connues, obligatoires)


def _lignes(rangs, connues, obligatoires):
    """Rend les lignes sous leur en-tête."""
    place = _place_entete(rangs, connues)[1]
    entete = rangs[place][1]
    titres = [" ".join(str("" if titre is None else titre).split()) for titre in entete]
    comprises = [colonne_du_titre(titre, connues) for titre in entete]
    entetes = [comprise or nom_de_colonne(titre) for comprise, titre in zip(comprises, entete)]
    manquantes = [nom for nom in obligatoires if nom not in entetes]
    if manquantes:
        raise EnTeteIncompris(_(
            "Colonnes absentes : %(absentes)s. Le fichier porte : %(trouvees)s.", absentes=", ".join(manquantes),
            trouvees=", ".join(filter(None, map(nom_de_colonne, entete)))[:300] or _("aucun titre")),
            manquantes, titres, comprises)
    lignes = []
    for numero, rang in rangs[place + 1:]:
        if _est_total(rang, len(titres)) or rang == entete:
            continue
        valeurs = {}
        for colonne, valeur in zip(entetes, rang):
            # Deux colonnes de même nom : la première remplie l'emporte.
            if colonne and valeurs.get(colonne) in (None, ""):
                valeurs[colonne] = chiffres_latins(valeur) if isinstance(valeur, str) else valeur
        lignes.append(Ligne(numero, {**dict.fromkeys(filter(None, entetes)), **valeurs}, rang))
    return Tableau(lignes, titres, comprises)


def en_tetes_connus(colonnes):
    """Rend {en-tête: colonne}, pour `colonne_du_titre` ; un autre en-tête l'emporte sur le nom d'une colonne."""
    return {**{colonne: colonne for colonne in colonnes},
            **{autre: colonne for colonne, autres in colonnes.items() for autre in autres}}


def colonne_du_titre(titre, connues):
    """Rend la colonne que dit un titre, ou None ; « Prix unitaire (FCFA) » se comprend sans sa parenthèse."""
    return connues.get(nom_de_colonne(titre)) or connues.get(nom_de_colonne(_PRECISION.sub(" ", str(titre or ""))))


def _place_entete(rangs, connues):
    """Rend (titres reconnus, place de l'en-tête) ; sans titre connu, la première ligne d'au moins deux cases."""
    notes = [(len({colonne_du_titre(titre, connues) for titre in rang} - {None}), -place)
             for place, (_numero, rang) in enumerate(rangs[:LIGNES_DE_TITRE])]
    note, place = max(notes)
    if note:
        return note, -place
    return 0, next((p for p, (_n, rang) in enumerate(rangs[:LIGNES_DE_TITRE]) if sum(map(_remplie, rang)) > 1), 0)


def _est_total(rang, largeur):
    """Dit si la ligne est un total de bas de page : elle commence par « Total » et laisse la moitié des cases vides."""
    remplies = [valeur for valeur in rang if _remplie(valeur)]
    return (isinstance(remplies[0], str) and 2 * len(remplies) <= max(largeur, 2)
            and bool(_TOTAL.fullmatch(sans_accent(remplies[0]))))


def _remplie(valeur):
    return valeur is not None and (not isinstance(valeur, str) or bool(valeur.strip()))


# ------------------------------------------------------------------ CSV
def _rangs_csv(contenu, connues):
    """Rend [(numéro, cases)] des lignes remplies."""
    texte = _decoder(contenu)
    annonce = _SEP.match(texte)
    if annonce:
        texte = texte[annonce.end():]
    separateur = annonce[1] if annonce else max(SEPARATEURS, key=lambda s: _note_separateur(texte, s, connues))
    try:
        return [(numero, rang) for numero, rang in enumerate(
            csv.reader(io.StringIO(texte, newline=""), delimiter=separateur), 1) if any(map(_remplie, rang))]
    except csv.Error as erreur:
        raise UserError(_("Le fichier CSV est illisible : enregistrez-le à nouveau en UTF-8.")) from erreur


def _note_separateur(texte, separateur, connues):
    """Note un séparateur : titres qu'il fait reconnaître, puis lignes de la même largeur, plus d'une case."""
    debut = texte[:20_000].splitlines()[:LIGNES_DE_TITRE + 30]
    try:
        rangs = [(0, rang) for rang in csv.reader(debut, delimiter=separateur) if any(map(_remplie, rang))]
    except csv.Error:
        return (-1, 0, 0)
    largeurs = [len(rang) for _numero, rang in rangs if len(rang) > 1]
    usuelle = max(set(largeurs), key=lambda largeur: (largeurs.count(largeur), largeur), default=0)
    return (_place_entete(rangs, connues)[0] if rangs else 0, largeurs.count(usuelle), usuelle)


def _decoder(contenu):
    if b"\x00" in contenu[:200] and not contenu.startswith((b"\xff\xfe", b"\xfe\xff")):
        # Sans marque, un texte latin en UTF-16 a un octet nul sur deux : à droite s'il commence par le petit bout.
        encodages = ("utf-16-le" if contenu[1:2] == b"\x00" else "utf-16-be",)
    elif contenu.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodages = ("utf-16",)
    else:
        encodages = ("utf-8-sig", "cp1256" if len(_ARABE_DE_WINDOWS.findall(contenu[:20_000])) > 1 else "cp1252")
    for encodage in encodages:
        try:
            texte = contenu.decode(encodage)
        except UnicodeDecodeError:
            continue
        if "\x00" not in texte:
            return texte
    raise UserError(_("Le fichier n'est pas du texte : enregistrez-le en CSV UTF-8."))


# ------------------------------------------------------------------ XLSX
def _rangs_xlsx(contenu, connues):
    """Rend [(numéro, cases)] des lignes remplies de la feuille qui porte l'en-tête le mieux reconnu."""
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(contenu)) as archive:
            if sum(i.file_size for i in archive.infolist()) > TAILLE_MAX_DECOMPRESSEE:
                raise UserError(_("Le classeur est démesuré une fois décompressé : il est refusé."))
            classeur = openpyxl.load_workbook(io.BytesIO(contenu), read_only=True, data_only=True)
            feuilles = [f for f in classeur.worksheets if f.sheet_state == "visible"] or classeur.worksheets
            feuille = max(feuilles, key=lambda f: _note_feuille(f, connues)) if len(feuilles) > 1 else feuilles[0]
            return _repandre_fusions(_rangs_feuille(feuille), archive, feuille)
    except UserError:
        raise
    except Exception as erreur:
        raise UserError(_("Le classeur est illisible : enregistrez-le à nouveau au format .xlsx.")) from erreur


def _note_feuille(feuille, connues):
    rangs = _rangs_feuille(feuille, LIGNES_DE_TITRE)
    return _place_entete(rangs, connues)[0] if rangs else -1


def _rangs_feuille(feuille, maximum=LIGNES_MAX_TABLEAU + LIGNES_DE_TITRE + 1):
    feuille.reset_dimensions()  # certains logiciels écrivent une étendue fausse
    # Un format « 0000 » montre des zéros de tête que le nombre n'a pas ; lire les formats coûte, on ne le fait que s'il y en a.
    avec_zeros = any(_ZEROS.fullmatch(forme) for forme in feuille.parent._number_formats)
    rangs = []
    for numero, rang in enumerate(feuille.iter_rows(values_only=not avec_zeros), 1):
        if avec_zeros:
            rang = map(_avec_zeros, rang)
        rang = list(rang)
        if any(map(_remplie, rang)):
            rangs.append((numero, rang))
            if len(rangs) >= maximum:
                break
    return rangs


def _avec_zeros(case):
    """Rend la valeur d'une case ; 12 au format « 0000 » est le code 0012, comme il se voit."""
    if isinstance(case.value, int) and not isinstance(case.value, bool) and _ZEROS.fullmatch(case.number_format or ""):
        return str(case.value).zfill(len(case.number_format))
    return case.value


def _repandre_fusions(rangs, archive, feuille):
    """Donne à chaque ligne la valeur d'une case fusionnée sur plusieurs lignes (le numéro du ménage)."""
    from openpyxl.utils import range_boundaries

    par_numero = dict(rangs)
    source = archive.read(feuille._worksheet_path)
    for etendue in _FUSION.findall(source, source.rfind(b"sheetData>")):
        colonne, haut, _droite, bas = range_boundaries(etendue.decode())
        cases = par_numero.get(haut, [])
        if colonne > len(cases) or not _remplie(cases[colonne - 1]):
            continue
        for numero in range(haut + 1, min(bas, rangs[-1][0]) + 1):
            rang = par_numero.get(numero)
            if rang is not None:
                rang.extend([None] * (colonne - len(rang)))
                rang[colonne - 1] = cases[colonne - 1]
    return rangs
