"""Qui est couvert : `verifier_droits` derrière chaque lecture, avec son débit et sa trace."""
import re

from odoo import _, fields
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui

from ...fhir import personne
from ...fhir.elements import code_de
from ...fhir.erreur import FhirErreur
from .ressource import TOUS, Ressource, jeton, visee

ELIGIBILITE = re.compile(r"(.+)\.(\d{4})(\d\d)(\d\d)")


def inconnue(type_ressource, identifiant):
    """Rend le refus d'un numéro que personne ne porte."""
    return FhirErreur(_("Aucune ressource « %(type)s/%(id)s ».", type=type_ressource, id=identifiant), 404, "not-found", identifiant)


class _Personne(Ressource):
    """Une personne se demande par son numéro : nulle recherche par nom, nulle liste."""

    groupes = TOUS
    cle = "identifier"

    def lire(self, identifiant):
        droits = self._droits(code_de(identifiant))
        if not droits["trouve"]:
            raise inconnue(self.type, identifiant)
        return self.rendre(droits)

    def chercher(self, criteres, decalage, nombre):
        numeros = [self.numero(nom, valeur) for nom, valeur in criteres]
        if len(set(numeros)) != 1:
            raise FhirErreur(_("Cherchez « %(type)s » par « %(cle)s », un numéro à la fois.", type=self.type, cle=self.cle), 400, "required")
        droits = self._droits(numeros[0])
        return (1, [self.rendre(droits)][decalage:decalage + nombre]) if droits["trouve"] else (0, [])

    def numero(self, _nom, valeur):
        """Rend le numéro que dit un critère."""
        return jeton(valeur)

    def rendre(self, droits):
        """Rend la ressource d'une réponse de `verifier_droits`."""
        raise NotImplementedError

    def _droits(self, matricule):
        return self.env["cnas.assure"].verifier_droits(matricule[:400])


class Patient(_Personne):
    """La personne d'un numéro ; sa fiche ne s'ajoute que pour qui lit les fiches."""

    type = "Patient"
    parametres = {"_id": ("token", "Matricule"), "identifier": ("token", "Matricule ou numéro de carte")}

    def rendre(self, droits):
        assures = self.env["cnas.assure"]
        fiche = assures.check_access_rights("read", False) and assures.search([("matricule", "=", droits["matricule"])], limit=1)
        return personne.ecrire_patient(droits, fiche.sudo() if fiche else None)


class Coverage(_Personne):
    """Ses droits aujourd'hui."""

    type = "Coverage"
    cle = "beneficiary"
    parametres = {"_id": ("token", "Matricule"), "identifier": ("token", "Matricule"), "patient": ("reference", "Le patient"),
                  "beneficiary": ("reference", "Le bénéficiaire")}

    def numero(self, nom, valeur):
        return visee(valeur, "Patient") if nom in ("patient", "beneficiary") else jeton(valeur)

    def rendre(self, droits):
        return personne.ecrire_couverture(droits)


class CoverageEligibilityRequest(Ressource):
    """La question ; rien ne s'en garde que la trace au journal : son numéro dit qui et quel jour, la réponse se recalcule."""

    type = "CoverageEligibilityRequest"
    parametres = {}
    interactions = ("read", "create")
    soumet = True

    def lire(self, identifiant):
        droits, jour = self._de(identifiant)
        return droits and personne.ecrire_demande_eligibilite(droits, jour, fields.Datetime.now())

    def creer(self, ressource):
        droits, jour = self._demander(ressource)
        return personne.ecrire_demande_eligibilite(droits, jour, fields.Datetime.now()), True

    def soumettre(self, ressource):
        droits, jour = self._demander(ressource)
        return personne.ecrire_eligibilite(droits, jour, fields.Datetime.now())

    def _demander(self, ressource):
        matricule, jour = personne.lire_eligibilite(ressource)
        jour = jour or str(aujourd_hui())
        droits = self.env["cnas.assure"].droits_restants(matricule, jour)
        if not droits["trouve"]:
            raise FhirErreur(droits["motif"], 422, "not-found", matricule)
        return droits, jour

    def _de(self, identifiant):
        trouve = ELIGIBILITE.fullmatch(identifiant)
        if not trouve:
            return None, None
        matricule, jour = code_de(trouve[1]), "-".join(trouve.groups()[1:])
        try:
            droits = self.env["cnas.assure"].droits_restants(matricule, jour)
        except UserError as refus:
            raise FhirErreur(str(refus), 404, "not-found") from refus
        if not droits["trouve"]:
            raise inconnue(self.type, identifiant)
        return droits, jour


class CoverageEligibilityResponse(CoverageEligibilityRequest):
    """La réponse : droits ouverts ou non, et ce qui reste des plafonds à qui soigne cette personne."""

    type = "CoverageEligibilityResponse"
    parametres = {"request": ("reference", "La demande")}
    interactions = ("read", "search-type")
    soumet = False

    def lire(self, identifiant):
        droits, jour = self._de(identifiant)
        return droits and personne.ecrire_eligibilite(droits, jour, fields.Datetime.now())

    def chercher(self, criteres, decalage, nombre):
        if len(criteres) != 1:
            raise FhirErreur(_("Cherchez la réponse par « request »."), 400, "required")
        reponse = self.lire(visee(criteres[0][1], "CoverageEligibilityRequest"))
        return (1, [reponse][decalage:decalage + nombre]) if reponse else (0, [])

    def creer(self, ressource):
        return Ressource.creer(self, ressource)

    def soumettre(self, ressource):
        return Ressource.soumettre(self, ressource)
