"""Ce que toutes les ressources partagent : chercher dans un modèle avec les droits de l'usager, lire, rendre une page."""
from datetime import date, datetime, timedelta, timezone

from dateutil.relativedelta import relativedelta

from odoo import _
from odoo.osv import expression

from odoo.addons.cnas_base.jour import NDJAMENA, debut_du_jour
from odoo.addons.cnas_base.lecture import montrer

from ...fhir.elements import IDENTIFIANT, code_de
from ...fhir.erreur import FhirErreur

FORMATION = "cnas_base.group_portail_formation"
DOSSIERS = (FORMATION, "cnas_base.group_agent", "cnas_base.group_medecin_conseil")
TOUS = (*DOSSIERS, "cnas_base.group_finance")
PREFIXES = {"eq": "=", "ge": ">=", "le": "<=", "gt": ">", "lt": "<"}
ENTIER_MAX = 2**31 - 1


class Ressource:
    """Un type de ressource : ce qui s'y cherche, qui l'ouvre, ce que l'énoncé des capacités en dit.

    :cvar parametres: {nom: (type FHIR, ce que c'est)}, tous ceux qu'on sait chercher et aucun autre
    :cvar interactions: celles qui marchent, telles que le CapabilityStatement les annonce
    """

    type = None
    modele = None
    ordre = "id desc"
    parametres = {"_id": ("token", "Identifiant")}
    interactions = ("read", "search-type")
    groupes = TOUS
    soumet = False

    def __init__(self, env):
        self.env = env

    # ------------------------------------------------------------------ points d'entrée
    def lire(self, identifiant):
        """Rend la ressource, ou None : absente et interdite se ressemblent."""
        trouves = self._permis(self._domaine_id(identifiant), 2)
        return self.ecrire(trouves)[0] if len(trouves) == 1 else None

    def chercher(self, criteres, decalage, nombre):
        """Rend (total, ressources d'une page)."""
        domaine = expression.AND([self.mur(), *(self.critere(nom, valeur) for nom, valeur in criteres)])
        modele = self.objets()
        total = modele.search_count(domaine)
        page = modele.search(domaine, offset=decalage, limit=nombre, order=self.ordre) if nombre and decalage < total else modele.browse()
        return total, self.ecrire(page)

    def creer(self, _ressource):
        """Rend (la ressource créée, si elle est nouvelle)."""
        raise FhirErreur(_("« %s » ne se crée pas par cette porte.", self.type), 405, "not-supported")

    def remplacer(self, _identifiant, _ressource, _attendue):
        """Rend la ressource changée."""
        raise FhirErreur(_("« %s » ne se change pas par cette porte.", self.type), 405, "not-supported")

    def soumettre(self, _ressource):
        """Rend la réponse à une demande envoyée par `$submit`."""
        raise FhirErreur(_("« %s » n'a pas d'opération « $submit ».", self.type), 404, "not-supported")

    # ------------------------------------------------------------------ à écrire par type
    def ecrire(self, objets):
        """Rend les ressources de ces objets, dans leur ordre."""
        raise NotImplementedError

    def critere(self, nom, valeur):
        """Rend le domaine d'un critère."""
        if nom == "_id":
            return self._domaine_id(valeur)
        if nom == "_lastUpdated":
            return intervalle("write_date", valeur)
        raise FhirErreur(_("Critère inconnu : « %s ».", montrer(nom)), 400, "not-supported")

    def objets(self):
        """Rend le modèle, vu par l'usager : ses règles sont le mur."""
        return self.env[self.modele]

    def mur(self):
        """Rend le domaine qui borne ce que nulle règle d'enregistrement ne borne."""
        return []

    # ------------------------------------------------------------------ aides
    def _domaine_id(self, identifiant):
        return [("id", "=", entier(identifiant))]

    def _permis(self, domaine, limite):
        return self.objets().search(expression.AND([self.mur(), domaine]), limit=limite)


def entier(texte):
    """Rend l'entier d'un identifiant, 0 s'il n'en est pas un."""
    return int(texte) if texte.isascii() and texte.isdigit() and len(texte) < 11 and int(texte) <= ENTIER_MAX else 0


def jeton(valeur):
    """Rend la valeur d'un critère « système|valeur »."""
    return valeur.rpartition("|")[2].strip()


def visee(valeur, type_vise):
    """Rend l'identifiant d'un critère de référence : « Patient/TD1 », « TD1 », une adresse absolue."""
    morceaux = valeur.split("/")
    if len(morceaux) > 1 and morceaux[-2] != type_vise or not IDENTIFIANT.fullmatch(morceaux[-1]):
        raise FhirErreur(_("Écrivez « %(type)s/identifiant » ; reçu : %(valeur)s.", type=type_vise, valeur=montrer(valeur)), 400, "value")
    return code_de(morceaux[-1])


def _bornes(texte):
    """Rend (premier instant, instant suivant, jour) en UTC de ce que dit une date, un mois, une année ou un instant."""
    try:
        if "T" in texte:
            moment = datetime.fromisoformat(texte.replace("Z", "+00:00").replace(" ", "+"))
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=NDJAMENA)).astimezone(timezone.utc).replace(tzinfo=None)
            return moment, moment + timedelta(microseconds=1 if moment.microsecond else 1_000_000), None
        morceaux = [int(morceau) for morceau in texte.split("-")]
        debut = date(*(morceaux + [1, 1])[:3])
        fin = {1: date(debut.year + 1, 1, 1), 2: debut.replace(day=1) + relativedelta(months=1)}.get(
            len(morceaux), debut + timedelta(days=1))
        if not 1900 <= debut.year <= 2200 or len(morceaux) > 3:
            raise ValueError(texte)
    except (ValueError, TypeError, OverflowError) as erreur:
        raise FhirErreur(_("Date illisible : %s. Écrivez AAAA-MM-JJ, ou un instant avec son fuseau.", montrer(texte)), 400, "value") from erreur
    return debut_du_jour(debut), debut_du_jour(fin), (debut, fin)


def intervalle(champ, valeur, jour=False):
    """Rend le domaine d'un critère de date, préfixes `eq ge le gt lt` compris.

    :param jour: le champ est une date, pas un instant
    """
    prefixe = valeur[:2] if valeur[:2] in PREFIXES else "eq"
    debut, suite, jours = _bornes(valeur[2:] if valeur[:2] in PREFIXES else valeur)
    if jour:
        debut, suite = jours or (debut.date(), debut.date() + timedelta(days=1))
    return {"eq": ["&", (champ, ">=", debut), (champ, "<", suite)], "ge": [(champ, ">=", debut)], "gt": [(champ, ">=", suite)],
            "le": [(champ, "<", suite)], "lt": [(champ, "<", debut)]}[prefixe]
