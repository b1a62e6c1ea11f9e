"""Qui soigne, et à quel tarif."""
from odoo import fields
from odoo.tools import escape_psql

from odoo.addons.cnas_base.jour import aujourd_hui

from ...fhir import elements, offre
from ...fhir.elements import code_de
from .ressource import Ressource, jeton


class _ParCode(Ressource):
    """Un objet que son code nomme."""

    champ = "code"

    def mur(self):
        return [(self.champ, "!=", False)]

    def _domaine_id(self, identifiant):
        return [(self.champ, "=", code_de(identifiant))]

    def critere(self, nom, valeur):
        if nom == "identifier":
            return [(self.champ, "=", jeton(valeur))]
        if nom in ("name", "title"):
            return [("name", "ilike", escape_psql(valeur[:64]))]
        return super().critere(nom, valeur)


class Organization(_ParCode):
    """Les formations sanitaires, et la caisse."""

    type = "Organization"
    modele = "cnas.formation_sanitaire"
    ordre = "code, id"
    parametres = {"_id": ("token", "Code"), "identifier": ("token", "Code de la formation"), "name": ("string", "Nom"),
                  "_lastUpdated": ("date", "Dernier changement")}

    def lire(self, identifiant):
        return offre.CAISSE if identifiant == elements.CAISSE else super().lire(identifiant)

    def ecrire(self, objets):
        return [offre.ecrire_formation(formation) for formation in objets.sudo()]


class Practitioner(_ParCode):
    """Les praticiens inscrits."""

    type = "Practitioner"
    modele = "cnas.praticien"
    champ = "numero_ordre"
    ordre = "numero_ordre, id"
    parametres = {"_id": ("token", "Numéro d'ordre"), "identifier": ("token", "Numéro d'ordre"), "name": ("string", "Nom"),
                  "_lastUpdated": ("date", "Dernier changement")}

    def ecrire(self, objets):
        return [offre.ecrire_praticien(praticien) for praticien in objets.sudo()]


class ChargeItemDefinition(_ParCode):
    """La nomenclature et ses tarifs du jour, au niveau de la formation de l'usager."""

    type = "ChargeItemDefinition"
    modele = "cnas.prestation"
    ordre = "code, id"
    parametres = {"_id": ("token", "Code"), "identifier": ("token", "Code de la prestation"), "title": ("string", "Libellé"),
                  "_lastUpdated": ("date", "Dernier changement")}

    def ecrire(self, objets):
        jour = aujourd_hui()
        formation = self.env.user.sudo().formation_ids[:1]
        niveau = formation._niveau_au(jour) if formation else False
        prestations = objets.sudo()
        tarifs = prestations.tarif_applicable(prestations.mapped("code"), fields.Date.to_string(jour), niveau or False)
        return [offre.ecrire_tarif(prestation, tarifs[prestation.code] or None, str(jour)) for prestation in prestations]
