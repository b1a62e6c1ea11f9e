from datetime import timedelta

from odoo import Command

from odoo.addons.cnas_formations.rib import composer_rib

from .etape import Etape
from .formations_donnees import CONVENTIONS, FORMATIONS, PRATICIENS, USAGERS, plages_carnets


class Formations(Etape):
    """Formations sanitaires du jeu d'essai : quatre types, toutes les situations."""

    def charger(self):
        """Charge formations, RIB, conventions, praticiens, carnets, agréments et usagers du portail."""
        formations = self._charger_fiches()
        self._charger_conventions(formations)
        self._charger_praticiens(formations)
        self._charger_carnets(formations)
        self._charger_agrements(formations)
        self._charger_usagers(formations)
        formations["CS-BON-02"].action_suspendre("Contrôle sur place : registre des consultations absent", self.calendrier.mois(2))

    def _charger_fiches(self):
        fiches = self.env["cnas.formation_sanitaire"]._load_records([
            {
                "xml_id": f"cnas_demo.formation_{code.lower().replace('-', '_')}",
                "noupdate": True,
                "values": {
                    "code": code, "name": nom, "type_formation": type_formation,
                    "district_id": self.env.ref(f"cnas_base.district_{district}").id,
                    "urbain": urbain, "revitalise": revitalise, "telephone_1": telephone,
                    "email": f"{code.lower()}@sante.example", "adresse": adresse,
                },
            }
            for code, nom, type_formation, district, urbain, revitalise, telephone, adresse in FORMATIONS
        ])
        for rang, formation in enumerate(fiches, start=1):
            formation.rib_principal = composer_rib("60002", f"{rang:05d}", f"{27109160 + 17 * rang:011d}")
            formation.rib_pharmacie = composer_rib("60003", f"{rang:05d}", f"{37250410 + 23 * rang:011d}")
        fiches.action_activer()
        return {formation.code: formation for formation in fiches}

    def _charger_conventions(self, formations):
        lignes = [
            (code, self.calendrier.mois(22), self.calendrier.mois(-CONVENTIONS.get(code, 14)) - timedelta(days=1))
            for code in formations if CONVENTIONS.get(code, 14) is not None
        ]
        conventions = self.env["cnas.convention"]._load_records([
            {
                "xml_id": f"cnas_demo.convention_{code.lower().replace('-', '_')}",
                "noupdate": True,
                "values": {
                    "formation_id": formations[code].id, "date_debut": debut, "date_fin": fin,
                    "date_signature": debut, "responsable_id": self.env.ref("cnas_demo.user_superviseur").id,
                    "document": self.pdf("Convention avec la CNAS", f"{formations[code].name} ({code})") if code != "HP-BON-01" else False,
                    "document_nom": f"convention-{code}.pdf",
                },
            }
            for code, debut, fin in lignes
        ])
        conventions.action_activer()

    def _charger_praticiens(self, formations):
        specialites = {s.code: s.id for s in self.env["cnas.specialite"].search([])}
        self.env["cnas.praticien"]._load_records([
            {
                "xml_id": f"cnas_demo.praticien_{numero.lower().replace('-', '_')}",
                "noupdate": True,
                "values": {
                    "numero_ordre": numero, "name": nom, "qualification": qualification,
                    "specialite_id": specialites.get(specialite),
                    "affectation_ids": [
                        Command.create({"formation_id": formations[code].id, "date_debut": self.calendrier.mois(22)})
                        for code in codes
                    ],
                },
            }
            for numero, nom, qualification, specialite, codes in PRATICIENS
        ])
        self.env.ref("cnas_demo.praticien_onmt_0199").action_radier(
            "Radiation prononcée par le conseil de l'ordre", self.calendrier.mois(8))

    def _charger_carnets(self, formations):
        self.env["cnas.carnet"]._load_records([
            {
                "xml_id": f"cnas_demo.carnet_{debut}",
                "noupdate": True,
                "values": {
                    "formation_id": formations[code].id, "debut": debut, "fin": debut + 499,
                    "date_delivrance": self.calendrier.mois(22, 6), "remis_a": "Le gestionnaire",
                },
            }
            for debut, code in plages_carnets(list(formations))
        ])

    def _charger_agrements(self, formations):
        specialites = self.env["cnas.specialite"].search([("code", "in", ("SPE003", "SPE004", "SPE036"))])
        self.env["cnas.agrement"].create([
            {"formation_id": formations["HR-NDJ-02"].id, "specialite_id": specialite.id,
             "date_debut": self.calendrier.mois(22),
             "reference": f"Décision n° 012/CNAS/DG/{self.calendrier.mois(22).year}"}
            for specialite in specialites
        ])

    def _charger_usagers(self, formations):
        groupe = self.env.ref("cnas_base.group_portail_formation")
        self.env["res.users"]._load_records([
            {
                "xml_id": f"cnas_demo.user_{login}",
                "noupdate": True,
                "values": {
                    "name": nom, "login": login, "password": login, "email": f"{login}@sante.example",
                    "lang": "fr_FR", "tz": "Africa/Ndjamena", "groups_id": [Command.set(groupe.ids)],
                    "formation_ids": [Command.set(formations[code].ids)],
                },
            }
            for login, nom, code in USAGERS
        ])
