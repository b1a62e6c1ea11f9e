"""Lecture d'un envoi de feuilles de soins : types, bornes, dates. Sans base de données."""
import base64
import binascii
import hashlib
import re

from odoo import _
from odoo.exceptions import UserError

from odoo.addons.cnas_base.lecture import absent, lire_date, lire_entier, montrer, ouvrir_fichier
from odoo.addons.cnas_referentiels.models.pathologie import lire_code_cim10

LIGNES_MAX = 200
PIECES_MAX = 30
QUANTITE_MAX = 100_000
PRIX_MAX = 1_000_000_000
RANG_MAX = 9
TOTAL_MAX = 2_000_000_000_000
LONGUEURS = {"reference": 64, "formation": 64, "matricule": 64, "pathologie": 32, "praticien": 64, "agence": 32,
             "entente": 64, "carte": 64, "remplace": 64}
EN_MAJUSCULES = ("formation", "agence", "entente", "remplace")
CHOIX = {"type_soins": ("ambulatoire", "hospitalisation"), "mode": ("tiers_payant", "remboursement")}
CLES = {*LONGUEURS, *CHOIX, "date_soins", "date_fin_soins", "date_depot", "urgence", "nouveau_ne",
        "date_naissance_declaree", "rang_naissance", "total", "lignes", "pieces"}
_CONTROLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class LecteurFeuille:
    """Lit une feuille d'un envoi. `valeurs` porte ce qui est lu, `erreurs` les phrases de refus."""

    def __init__(self, brute, aujourdhui, taille_max_mo, depot_libre=True):
        self.brute = brute
        self.aujourdhui = aujourdhui
        self.depot_libre = depot_libre
        self.taille_max = taille_max_mo * 1024 * 1024
        self.valeurs = {}
        self.erreurs = []
        self.resultat = None
        self.deja = None
        self.remplacee = None

    def lire(self):
        """Lit tout ; rend soi-même."""
        if not isinstance(self.brute, dict):
            self.erreurs.append(_("Une feuille se décrit par des couples nom-valeur ; reçu : %s.", montrer(self.brute)))
            return self
        inconnues = sorted(montrer(cle) for cle in self.brute if cle not in CLES)
        if inconnues:
            self.erreurs.append(_("Champ inconnu : %s.", ", ".join(inconnues[:5])))
        for nom in ("reference", "formation", "matricule", "pathologie"):
            self._texte(nom, obligatoire=True)
        if self.valeurs["pathologie"]:
            self.valeurs["pathologie"] = lire_code_cim10(self.valeurs["pathologie"])
        for nom in ("praticien", "agence", "entente", "carte", "remplace"):
            self._texte(nom)
        for nom, valeurs in CHOIX.items():
            self._choix(nom, valeurs)
        self._booleen("urgence")
        self._dates()
        self._nouveau_ne()
        self._total()
        self._lignes()
        self._pieces()
        return self

    # ------------------------------------------------------------------ textes et choix
    def _absent(self, nom):
        return absent(self.brute.get(nom))

    def _texte(self, nom, obligatoire=False):
        self.valeurs[nom] = None
        if self._absent(nom):
            if obligatoire:
                self.erreurs.append(_("Champ manquant : « %s ».", nom))
            return
        texte = self._texte_sur(self.brute[nom], nom, LONGUEURS[nom])
        self.valeurs[nom] = texte.upper() if texte and nom in EN_MAJUSCULES else texte

    def _texte_sur(self, valeur, nom, longueur):
        """Rend le texte sans espaces autour, ou None en notant l'erreur."""
        if not isinstance(valeur, str):
            self.erreurs.append(_("« %(nom)s » doit être un texte ; reçu : %(valeur)s.",
                                  nom=nom, valeur=montrer(valeur)))
            return None
        texte = valeur.strip()
        if len(texte) > longueur:
            self.erreurs.append(_("« %(nom)s » dépasse %(longueur)s caractères.", nom=nom, longueur=longueur))
            return None
        if _CONTROLE.search(texte):
            self.erreurs.append(_("« %s » contient des caractères illisibles.", nom))
            return None
        return texte

    def _choix(self, nom, valeurs):
        self.valeurs[nom] = valeurs[0]
        if self._absent(nom):
            return
        if self.brute[nom] not in valeurs:
            self.erreurs.append(_("« %(nom)s » vaut %(valeur)s : attendu %(choix)s.",
                                  nom=nom, valeur=montrer(self.brute[nom]), choix=" ou ".join(valeurs)))
            return
        self.valeurs[nom] = self.brute[nom]

    def _booleen(self, nom):
        valeur = self.brute.get(nom)
        self.valeurs[nom] = bool(valeur)
        if valeur is not None and not isinstance(valeur, bool):
            self.erreurs.append(_("« %(nom)s » doit être vrai ou faux ; reçu : %(valeur)s.",
                                  nom=nom, valeur=montrer(valeur)))

    # ------------------------------------------------------------------ dates
    def _dates(self):
        soins = self._date("date_soins", obligatoire=True)
        fin = self._date("date_fin_soins")
        depot = self._date("date_depot")
        if depot and depot != self.aujourdhui and not self.depot_libre:
            self.erreurs.append(_("« date_depot » ne se choisit pas : une feuille envoyée par sa formation est déposée le jour "
                                  "de l'envoi. Ôtez ce champ."))
        self.valeurs["depot_donne"] = depot
        self.valeurs["date_depot"] = depot or self.aujourdhui
        if soins and soins <= self.aujourdhui and self.valeurs["date_depot"] < max(soins, fin or soins):
            self.erreurs.append(_("La date de dépôt (%(depot)s) précède les soins (%(soins)s).",
                                  depot=self.valeurs["date_depot"], soins=max(soins, fin or soins)))

    def _nouveau_ne(self):
        """Lit ce qui dit un nouveau-né soigné sous le numéro de sa mère : oui ou non, sa naissance, son rang de jumeau."""
        self._booleen("nouveau_ne")
        naissance = self._date("date_naissance_declaree")
        rang = self.brute.get("rang_naissance")
        self.valeurs["rang_naissance"] = None if rang is None or rang is False else self._entier(
            rang, _("Le rang de naissance"), 1, RANG_MAX)
        nouveau_ne, soins = self.valeurs["nouveau_ne"], self.valeurs["date_soins"]
        if self.valeurs["rang_naissance"] and not nouveau_ne:
            self.erreurs.append(_("« rang_naissance » ne se donne que pour un nouveau-né."))
        if nouveau_ne and naissance and soins and naissance > soins:
            self.erreurs.append(_("« date_naissance_declaree » (%(naissance)s) suit les soins (%(soins)s).",
                                  naissance=naissance, soins=soins))

    def _date(self, nom, obligatoire=False):
        self.valeurs[nom] = None
        if self._absent(nom):
            if obligatoire:
                self.erreurs.append(_("Champ manquant : « %s ».", nom))
            return None
        try:
            # `montrer` : le contrat n'admet qu'un texte ; un autre objet se cite et se refuse.
            jour = lire_date(montrer(self.brute[nom]), stricte=True, quoi=f"« {nom} »")
        except UserError as refus:
            self.erreurs.append(str(refus))
            return None
        if jour > self.aujourdhui:
            self.erreurs.append(_("« %(nom)s » (%(jour)s) est dans le futur.", nom=nom, jour=jour))
            return None
        self.valeurs[nom] = jour
        return jour

    # ------------------------------------------------------------------ nombres
    def _entier(self, valeur, quoi, mini, maxi):
        """Rend l'entier, ou None en notant l'erreur. Un réel sans décimale est admis, jamais un texte."""
        try:
            return lire_entier(valeur, quoi=quoi, minimum=mini, maximum=maxi, stricte=True)
        except UserError as refus:
            self.erreurs.append(str(refus))
            return None

    def _total(self):
        self.valeurs["total"] = None
        if self.brute.get("total") is not None and self.brute["total"] is not False:
            self.valeurs["total"] = self._entier(self.brute["total"], _("Le total"), 0, TOTAL_MAX)

    def _lignes(self):
        self.valeurs["lignes"] = []
        lignes = self.brute.get("lignes")
        if not isinstance(lignes, (list, tuple)) or not lignes:
            self.erreurs.append(_("« lignes » doit être une liste d'au moins une prestation."))
            return
        if len(lignes) > LIGNES_MAX:
            self.erreurs.append(_("Une feuille porte au plus %s lignes.", LIGNES_MAX))
            return
        for rang, ligne in enumerate(lignes, 1):
            if not isinstance(ligne, dict):
                self.erreurs.append(_("Ligne %(rang)s : illisible (%(valeur)s).", rang=rang, valeur=montrer(ligne)))
                continue
            inconnues = sorted(montrer(cle) for cle in ligne if cle not in ("prestation", "quantite", "prix_unitaire"))
            if inconnues:
                self.erreurs.append(_("Ligne %(rang)s : champ inconnu : %(noms)s.",
                                      rang=rang, noms=", ".join(inconnues[:5])))
            self.valeurs["lignes"].append((
                self._code(ligne.get("prestation"), _("Ligne %s : la prestation", rang)),
                self._entier(ligne.get("quantite"), _("Ligne %s : la quantité", rang), 1, QUANTITE_MAX),
                self._entier(ligne.get("prix_unitaire"), _("Ligne %s : le prix unitaire", rang), 0, PRIX_MAX),
            ))

    def _code(self, valeur, quoi):
        if not isinstance(valeur, str) or not valeur.strip() or len(valeur) > 64 or _CONTROLE.search(valeur):
            self.erreurs.append(_("%(quoi)s doit être un code ; reçu : %(valeur)s.", quoi=quoi, valeur=montrer(valeur)))
            return None
        return valeur.strip()

    # ------------------------------------------------------------------ pièces
    def _pieces(self):
        self.valeurs["pieces"] = []
        pieces = self.brute.get("pieces")
        if pieces is None or pieces is False:
            return
        if not isinstance(pieces, (list, tuple)) or len(pieces) > PIECES_MAX:
            self.erreurs.append(_("« pieces » doit être une liste d'au plus %s fichiers.", PIECES_MAX))
            return
        for rang, piece in enumerate(pieces, 1):
            if not isinstance(piece, dict):
                self.erreurs.append(_("Pièce %(rang)s : illisible (%(valeur)s).", rang=rang, valeur=montrer(piece)))
                continue
            type_piece = self._code(piece.get("type"), _("Pièce %s : le type", rang))
            nom = self._texte_sur(piece.get("nom"), _("pièce %s, nom", rang), 255)
            contenu = self._contenu(piece.get("contenu"), rang, nom)
            if contenu is not None:
                self.valeurs["pieces"].append((type_piece, nom, contenu, hashlib.sha256(contenu).hexdigest()))

    def _contenu(self, valeur, rang, nom):
        """Décode et ouvre le fichier ; rend ses octets ou None en notant l'erreur."""
        phrase = None
        contenu = b""
        if not isinstance(valeur, (str, bytes)):
            phrase = _("Pièce %s : le contenu doit être en base64.", rang)
        elif len(valeur) > self.taille_max * 4 // 3 + 1024:
            phrase = _("Pièce %(rang)s : le fichier dépasse %(mo)s Mo.", rang=rang, mo=self.taille_max // 1048576)
        else:
            try:
                contenu = base64.b64decode(valeur, validate=True)
            except (binascii.Error, ValueError):
                phrase = _("Pièce %s : le contenu n'est pas du base64 lisible.", rang)
        if not phrase:
            try:
                ouvrir_fichier(contenu, nom or _("sans nom"))
            except UserError as refus:
                phrase = _("Pièce %(rang)s : %(refus)s", rang=rang, refus=refus)
        if phrase:
            self.erreurs.append(phrase)
            return None
        return contenu
