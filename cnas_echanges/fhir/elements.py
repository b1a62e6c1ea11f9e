"""Ce que partagent les traducteurs : les systèmes de codes, les références, les montants au franc, la lecture qui note ses fautes."""
import re
from datetime import timezone
from decimal import Decimal

from odoo import _

from odoo.addons.cnas_base.jour import jour_ecrit
from odoo.addons.cnas_base.lecture import montrer

from .erreur import Faute, FhirErreur

SYSTEME = "https://cnas.td/fhir/"
MATRICULE, FORMATION, PRATICIEN, PRESTATION = (SYSTEME + nom for nom in ("matricule", "formation", "praticien", "prestation"))
REFERENCE, NUMERO, PIECE, MOTIF, REGIME, PASSAGE = (SYSTEME + nom for nom in (
    "reference", "numero", "type-piece", "motif", "regime", "code-de-passage"))
CIM10 = "http://hl7.org/fhir/sid/icd-10"
HL7 = "http://terminology.hl7.org/CodeSystem/"
CAISSE = "cnas"
DEVISE = "XAF"
IDENTIFIANT = re.compile(r"[A-Za-z0-9\-.]{1,64}")
BOOLEENS = ("active", "focal", "inforce")
JOUR = re.compile(r"(\d{4}-\d\d-\d\d)(T.*)?")
# Une ligne se compte, elle ne se pèse pas.
UNITES = ("", "1", "u", "unite", "unité", "unités", "unites", "{unite}", "{unit}", "{count}", "acte", "boite", "boîte", "comprime", "comprimé")


# ---------------------------------------------------------------- écrire
def identifiant_sur(code):
    """Rend le code s'il fait un identifiant FHIR, sinon son écriture en hexadécimal."""
    return code if IDENTIFIANT.fullmatch(code or "") else f"x-{(code or '').encode().hex()}"[:64]


def code_de(identifiant):
    """Rend le code que dit un identifiant FHIR (l'inverse d'`identifiant_sur`)."""
    if identifiant.startswith("x-"):
        try:
            return bytes.fromhex(identifiant[2:]).decode().replace("\x00", "")
        except ValueError:
            return identifiant
    return identifiant


def reference(type_ressource, identifiant, texte=None):
    """Rend une référence relative."""
    return {"reference": f"{type_ressource}/{identifiant}", **({"display": texte} if texte else {})}


def concept(systeme, code, texte=None):
    """Rend un `CodeableConcept` d'un seul code."""
    return {"coding": [{"system": systeme, "code": code, **({"display": texte} if texte else {})}], **({"text": texte} if texte else {})}


def somme(montant):
    """Rend un montant au franc."""
    return {"value": int(montant or 0), "currency": DEVISE}


def instant(moment):
    """Rend un instant FHIR d'un `Datetime` d'Odoo (UTC)."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def version(moment):
    """Rend le numéro de version d'un dossier : l'instant, en microsecondes, de sa dernière écriture."""
    return str(int(moment.replace(tzinfo=timezone.utc).timestamp() * 1_000_000))


def meta(moment):
    """Rend la version et l'instant d'un dossier."""
    return {"versionId": version(moment), "lastUpdated": instant(moment)}


def sans_vide(ressource):
    """Rend la ressource sans ce qui est vide : FHIR refuse une liste ou un texte vides ; seuls ces booléens disent « non »."""
    return {cle: valeur for cle, valeur in ressource.items()
            if (cle in BOOLEENS if valeur is False else valeur is not None and valeur not in ("", [], {}))}


# ---------------------------------------------------------------- lire
class Lecture:
    """Lit une ressource reçue ; chaque faute se note avec son chemin, et toutes se disent ensemble."""

    def __init__(self, ressource, type_attendu):
        if ressource.get("resourceType") != type_attendu:
            raise FhirErreur(_("« resourceType » vaut %(lu)s : attendu « %(attendu)s ».",
                               lu=montrer(ressource.get("resourceType")), attendu=type_attendu), 400, "structure")
        self.ressource, self.type, self.fautes = ressource, type_attendu, []

    def faute(self, ou, phrase, code="invalid"):
        """Note une faute ; rend None, la valeur de ce qui n'a pas pu se lire."""
        self.fautes.append(Faute(phrase, f"{self.type}.{ou}", code))

    def conclure(self):
        """Refuse s'il y a des fautes."""
        if self.fautes:
            raise FhirErreur(self.fautes[:50], 422)

    def objet(self, parent, nom, ou):
        """Rend l'objet de ce nom, {} s'il manque."""
        valeur = parent.get(nom) if isinstance(parent, dict) else None
        if valeur is None:
            return {}
        if not isinstance(valeur, dict):
            self.faute(ou, _("« %(ou)s » doit être un objet ; reçu : %(valeur)s.", ou=ou, valeur=montrer(valeur)), "structure")
            return {}
        return valeur

    def liste(self, parent, nom, ou, maximum=500):
        """Rend la liste d'objets de ce nom, [] si elle manque."""
        valeur = parent.get(nom) if isinstance(parent, dict) else None
        if valeur is None:
            return []
        if not isinstance(valeur, list) or len(valeur) > maximum or not all(isinstance(x, dict) for x in valeur):
            self.faute(ou, _("« %(ou)s » doit être une liste d'au plus %(maximum)s objets.", ou=ou, maximum=maximum), "structure")
            return []
        return valeur

    def texte(self, parent, nom, ou, obligatoire=False, maximum=255):
        """Rend le texte de ce nom, None s'il manque."""
        valeur = parent.get(nom) if isinstance(parent, dict) else None
        if valeur is None or valeur == "":
            return self.faute(ou, _("Champ manquant : « %s ».", ou), "required") if obligatoire else None
        if not isinstance(valeur, str) or len(valeur) > maximum:
            return self.faute(ou, _("« %(ou)s » doit être un texte d'au plus %(maximum)s signes.", ou=ou, maximum=maximum))
        return valeur.strip()

    def parmi(self, parent, nom, ou, valeurs, defaut=None):
        """Rend le code de ce nom, s'il est de ceux-là."""
        valeur = parent.get(nom, defaut)
        if not isinstance(valeur, str) or valeur not in valeurs:
            return self.faute(ou, _("« %(ou)s » vaut %(valeur)s : attendu « %(choix)s ».", ou=ou, valeur=montrer(valeur),
                                    choix=" », « ".join(valeurs)), "code-invalid")
        return valeur

    def jour(self, parent, nom, ou):
        """Rend la date AAAA-MM-JJ de ce nom ; un instant avec fuseau se ramène au jour de N'Djamena."""
        texte = self.texte(parent, nom, ou)
        if not texte:
            return None
        trouve = JOUR.fullmatch(texte)
        if not trouve:
            return self.faute(ou, _("« %(ou)s » : écrivez la date AAAA-MM-JJ ; reçu : %(valeur)s.", ou=ou, valeur=montrer(texte)))
        if not trouve[2]:
            return texte
        try:
            return str(jour_ecrit(texte))
        except ValueError:
            return self.faute(ou, _("« %(ou)s » : instant illisible : %(valeur)s.", ou=ou, valeur=montrer(texte)))

    def entier(self, valeur, ou, quoi):
        """Rend l'entier d'un nombre JSON sans décimale."""
        if isinstance(valeur, bool) or not isinstance(valeur, (int, Decimal)) or isinstance(valeur, Decimal) and (
                not valeur.is_finite() or abs(valeur) > 10**15 or valeur != valeur.to_integral_value()):
            return self.faute(ou, _("« %(ou)s » : %(quoi)s doit être un nombre entier ; reçu : %(valeur)s.",
                                    ou=ou, quoi=quoi, valeur=montrer(str(valeur) if isinstance(valeur, Decimal) else valeur)))
        return int(valeur)

    def somme(self, parent, nom, ou):
        """Rend le montant au franc de ce nom, None s'il manque."""
        argent = self.objet(parent, nom, ou)
        if not argent:
            return None
        if argent.get("currency", DEVISE) != DEVISE:
            return self.faute(ou, _("« %(ou)s » : la devise est le franc CFA (%(devise)s) ; reçu : %(valeur)s.",
                                    ou=ou, devise=DEVISE, valeur=montrer(argent.get("currency"))), "value")
        return self.entier(argent.get("value"), ou, _("le montant"))

    def quantite(self, parent, nom, ou):
        """Rend une quantité comptée, 1 si elle manque ; une unité de poids ou de volume se refuse."""
        quantite = self.objet(parent, nom, ou)
        if not quantite:
            return 1
        for cle in ("unit", "code"):
            unite = quantite.get(cle) or ""
            if not isinstance(unite, str) or unite.strip().lower() not in UNITES:
                return self.faute(ou, _("« %(ou)s » : l'unité %(unite)s ne se facture pas ; comptez en unités, sans « unit » ni « code ».",
                                        ou=ou, unite=montrer(unite)), "value")
        if quantite.get("comparator"):
            return self.faute(ou, _("« %s » : une quantité facturée n'a pas de comparateur.", ou), "value")
        return self.entier(quantite.get("value"), ou, _("la quantité"))

    def code(self, parent, nom, ou, systeme, obligatoire=False):
        """Rend le code de ce `CodeableConcept` dans ce système (à défaut de système, le premier code)."""
        notion = self.objet(parent, nom, ou)
        codages = self.liste(notion, "coding", f"{ou}.coding", 20)
        choisi = next((c for c in codages if c.get("system") == systeme), None) or next((c for c in codages if not c.get("system")), None)
        if choisi is None:
            if codages:
                return self.faute(ou, _("« %(ou)s » : aucun code du système « %(systeme)s ».", ou=ou, systeme=systeme), "code-invalid")
            return self.faute(ou, _("Champ manquant : « %(ou)s » (un code du système « %(systeme)s »).", ou=ou, systeme=systeme),
                              "required") if obligatoire else None
        return self.texte(choisi, "code", f"{ou}.coding.code", obligatoire, 64)

    def vise(self, parent, nom, ou, type_vise, obligatoire=False):
        """Rend l'identifiant que vise une référence : « Patient/TD1 », absolue, ou par `identifier`."""
        lien = self.objet(parent, nom, ou)
        if lien.get("reference") is not None:
            texte = self.texte(lien, "reference", f"{ou}.reference", maximum=512)
            if texte is None:
                return None
            morceaux = texte.split("/_history/")[0].split("/")
            if len(morceaux) < 2 or morceaux[-2] != type_vise or not IDENTIFIANT.fullmatch(morceaux[-1]):
                return self.faute(ou, _("« %(ou)s » doit viser « %(type)s/… » ; reçu : %(valeur)s.", ou=ou, type=type_vise, valeur=montrer(texte)))
            return code_de(morceaux[-1])
        if lien.get("identifier") is not None:
            return self.texte(self.objet(lien, "identifier", f"{ou}.identifier"), "value", f"{ou}.identifier.value", True, 64)
        return self.faute(ou, _("Champ manquant : « %(ou)s » (référence à « %(type)s »).", ou=ou, type=type_vise), "required") if obligatoire else None
