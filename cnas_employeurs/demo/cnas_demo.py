import datetime
import random

from odoo import api, models

EMPLOYEURS = [
    ("Ministère de la Santé Publique", "public", None, None, "ADM", "n_djamena_centre"),
    ("Mairie d'Abéché", "public", None, None, "COL", "abeche"),
    ("Société Tchadienne des Eaux", "parapublic", "6001234A", "TD-NDJ-01-2010-B12-00045", "SE", "n_djamena_sud"),
    ("Hôtel du Ouaddaï SARL", "prive", "9012555Y", "TD-ABE-01-2021-B12-00287", "SARL", "abeche"),
    ("Transports Sahel et Frères", "prive", "9009559W", "TC/NDJ/13 B 1398", "SARL", "n_djamena_est"),
    ("Cotonnière de Bongor SA", "prive", "9031681F", "TD-BON-01-2015-B13-00012", "SA", "bongor"),
    ("Action Santé Moyen-Chari", "ong", None, None, "ASS", "danamadji"),
]


class CnasDemo(models.AbstractModel):
    _inherit = "cnas.demo"

    @api.model
    def _charger_employeurs(self):
        """Sept employeurs, leurs salariés du régime ASS et leurs déclarations de l'automne 2026."""
        if self.env["cnas.employeur"].search_count([], limit=1):
            return
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

    def _rattacher_salaries(self, employeurs, tirage):
        salaries = self.env["cnas.assure"].search([
            ("regime_id.code", "=", "ASS"), ("type_assure", "=", "principal"), ("state", "=", "actif"),
            ("date_naissance", "<", "2006-01-01")], order="id")
        self.env["cnas.emploi"].create([{
            "assure_id": assure.id, "employeur_id": employeurs[rang % len(employeurs)].id,
            "date_debut": datetime.date(2025, tirage.randint(1, 12), 1),
        } for rang, assure in enumerate(salaries)])

    def _declarer(self, employeurs, tirage):
        superviseur = self.env.ref("cnas_base.user_superviseur", raise_if_not_found=False) or self.env.user
        agent = self.env.ref("cnas_base.user_agent", raise_if_not_found=False) or self.env.user
        for mois in ("2026-08-01", "2026-09-01", "2026-10-01"):
            for employeur in employeurs.filtered("effectif"):
                declaration = self.env["cnas.declaration_effectif"].with_user(agent).create(
                    {"employeur_id": employeur.id, "periode": mois})
                declaration.action_preparer()
                for ligne in declaration.ligne_ids.filtered(lambda ligne: not ligne.salaire):
                    ligne.salaire = tirage.randrange(60_000, 600_000, 5_000)
                if mois == "2026-10-01" and employeur == employeurs[-1]:
                    continue
                if declaration.ligne_ids:
                    declaration.action_deposer()
                    if mois != "2026-10-01":
                        declaration.with_user(superviseur).action_valider()
