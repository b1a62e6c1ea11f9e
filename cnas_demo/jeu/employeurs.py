import random

from dateutil.relativedelta import relativedelta

from odoo import Command

from .etape import Etape

EMPLOYEURS = [
    ("Ministère de la Santé Publique", "public", None, None, "ADM", "n_djamena_centre"),
    ("Mairie d'Abéché", "public", None, None, "COL", "abeche"),
    ("Société Tchadienne des Eaux", "parapublic", "6001234A", "TD-NDJ-01-2010-B12-00045", "SE", "n_djamena_sud"),
    ("Hôtel du Ouaddaï SARL", "prive", "9012555Y", "TD-ABE-01-2021-B12-00287", "SARL", "abeche"),
    ("Transports Sahel et Frères", "prive", "9009559W", "TC/NDJ/13 B 1398", "SARL", "n_djamena_est"),
    ("Cotonnière de Bongor SA", "prive", "9031681F", "TD-BON-01-2015-B13-00012", "SA", "bongor"),
    ("Action Santé Moyen-Chari", "ong", None, None, "ASS", "danamadji"),
]


class Employeurs(Etape):
    """Sept employeurs, leurs salariés du régime ASS et leurs déclarations des trois derniers mois échus."""

    def charger(self):
        """Crée et active les employeurs, rattache leurs salariés, puis déclare."""
        tirage = random.Random(2026)
        categories = {c.code: c.id for c in self.env["cnas.categorie_juridique"].search([])}
        employeurs = self.env["cnas.employeur"].create([{
            "raison_sociale": nom, "type_employeur": genre, "nif": nif, "rccm": rccm,
            "categorie_juridique_id": categories[categorie], "district_id": self.env.ref(f"cnas_base.district_{lieu}").id,
            "telephone_1": f"66 {tirage.randint(10, 99)} {tirage.randint(10, 99)} {tirage.randint(10, 99)}",
            "email": f"rh{rang}@employeur.example", "date_creation": f"{2005 + rang}-03-15",
        } for rang, (nom, genre, nif, rccm, categorie, lieu) in enumerate(EMPLOYEURS)])
        employeurs[:-1].action_activer()
        self._rattacher_salaries(employeurs[:-1], tirage)
        self._declarer(employeurs[:-1], tirage)
        self._charger_usager(employeurs[3])

    def _charger_usager(self, employeur):
        """Un usager du portail, celui de l'Hôtel du Ouaddaï, et une affiliation qu'il demande."""
        self.env["res.users"]._load_records([{
            "xml_id": "cnas_demo.user_employeur", "noupdate": True,
            "values": {
                "name": "Kaltouma Hissein", "login": "employeur", "password": "employeur", "email": "employeur@employeur.example",
                "lang": "fr_FR", "tz": "Africa/Ndjamena", "employeur_ids": [Command.set(employeur.ids)],
                "groups_id": [Command.set(self.env.ref("cnas_base.group_portail_employeur").ids)],
            },
        }])
        self.comme("employeur", "cnas.demande_affiliation")._demander(employeur, {
            "nom": "DJIMTA", "prenom": "Rachel", "genre": "feminin", "date_naissance": "1996-04-11",
            "date_embauche": str(self.calendrier.mois(1))})

    def _rattacher_salaries(self, employeurs, tirage):
        salaries = self.env["cnas.assure"].search([
            ("regime_id.code", "=", "ASS"), ("type_assure", "=", "principal"), ("state", "=", "actif"),
            ("date_naissance", "<", self.calendrier.dernier_mois - relativedelta(years=20))], order="id")
        self.env["cnas.emploi"].create([{
            "assure_id": assure.id, "employeur_id": employeurs[rang % len(employeurs)].id,
            "date_debut": self.calendrier.mois(23 - tirage.randint(1, 12)),
        } for rang, assure in enumerate(salaries)])

    def _declarer(self, employeurs, tirage):
        for recul in (3, 2, 1):
            mois = self.calendrier.mois(recul)
            for employeur in employeurs.filtered("effectif"):
                declaration = self.comme("agent", "cnas.declaration_effectif").create(
                    {"employeur_id": employeur.id, "periode": mois})
                declaration.action_preparer()
                for ligne in declaration.ligne_ids.filtered(lambda ligne: not ligne.salaire):
                    ligne.salaire = tirage.randrange(60_000, 600_000, 5_000)
                if recul == 1 and employeur == employeurs[-1]:
                    continue
                if declaration.ligne_ids:
                    declaration.action_deposer()
                    if recul != 1:
                        declaration.with_user(self.usager("superviseur")).action_valider()
