from datetime import date

from odoo.tests.common import new_test_user

from odoo.addons.cnas_base.tests.common import TransactionCase, pdf_base64

PDF = pdf_base64()


class CommunFeuille(TransactionCase):
    """Formation conventionnée, assurés aux droits ouverts, prestations tarifées, un usager par rôle."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True, no_reset_password=True))
        cls.agence = cls.env["cnas.agence"].create({"code": "TST", "name": "Agence d'essai", "siege": False})
        cls._creer_usagers()
        cls._creer_offre()
        cls.regime = cls.env.ref("cnas_base.regime_ass")
        cls.assure = cls.creer_assure("Mahamat", "1985-03-12")
        cls.enfant = cls.creer_assure("Achta", "2022-05-01")
        cls._creer_referentiels()
        cls.feuilles = cls.env["cnas.feuille_soin"]

    @classmethod
    def _creer_usagers(cls):
        def usager(login, groupe):
            return new_test_user(cls.env, login=login, password=login, groups=groupe, name=f"Essai {login}",
                                 agence_ids=[(6, 0, cls.agence.ids)], tz="Africa/Ndjamena")

        cls.agent = usager("t_agent", "cnas_base.group_agent")
        cls.agent2 = usager("t_agent2", "cnas_base.group_agent")
        cls.controleur = usager("t_controleur", "cnas_base.group_controleur")
        cls.controleur2 = usager("t_controleur2", "cnas_base.group_controleur")
        cls.medecin = usager("t_medecin", "cnas_base.group_medecin_conseil")
        cls.superviseur = usager("t_superviseur", "cnas_base.group_superviseur")
        cls.administrateur = usager("t_administrateur", "cnas_base.group_administrateur")
        cls.finance = usager("t_finance", "cnas_base.group_finance")
        cls.portail = new_test_user(cls.env, login="t_portail", groups="cnas_base.group_portail_formation")

    @classmethod
    def _creer_offre(cls):
        cls.formation = cls._creer_formation("T-CS-01", "centre_sante")
        cls.autre_formation = cls._creer_formation("T-HD-01", "hopital_district")
        cls.portail.formation_ids = cls.formation
        cls.praticien = cls.env["cnas.praticien"].create({"name": "Dr Essai", "numero_ordre": "T-9001"})

    @classmethod
    def _creer_formation(cls, code, type_formation):
        formation = cls.env["cnas.formation_sanitaire"].create({
            "code": code, "name": f"Formation {code}", "type_formation": type_formation,
            "district_id": cls.env["cnas.district"].search([], limit=1).id})
        formation._ecrire({"state": "active"})
        convention = cls.env["cnas.convention"].create({"formation_id": formation.id, "date_debut": "2020-01-01"})
        convention._ecrire({"state": "active"})
        return formation

    @classmethod
    def creer_assure(cls, prenom, naissance, ouvert=True):
        """Rend un assuré principal du régime ASS, droits ouverts depuis 2020 si `ouvert`."""
        assure = cls.env["cnas.assure"].create({
            "nom": "ESSAI", "prenom": prenom, "genre": "masculin", "regime_id": cls.regime.id,
            "date_naissance": naissance})
        assure._ecrire({"state": "actif", "date_affiliation": date(2020, 1, 1)})
        if ouvert:
            cls.env["cnas.droit"].create({
                "assure_id": assure.id, "regime_id": cls.regime.id, "date_debut": "2020-01-01", "state": "ouvert"})
        return assure

    @classmethod
    def _creer_referentiels(cls):
        categorie = cls.env["cnas.categorie_pathologie"].create({"name": "Essai"})
        pathologie = cls.env["cnas.pathologie"]
        cls.palu = pathologie.create({"code": "X98.8", "name": "Paludisme d'essai", "categorie_id": categorie.id})
        cls.diabete = pathologie.create(
            {"code": "X98.7", "name": "Diabète d'essai", "categorie_id": categorie.id, "ald": True})
        cls.grossesse = pathologie.create(
            {"code": "X98.6", "name": "Grossesse d'essai", "categorie_id": categorie.id, "maternite": True})
        cls.acte = cls.env["cnas.acte"].create(
            {"code": "T-ACT-1", "name": "Consultation d'essai", "type_prestation": "acte", "mode_tarif": "forfait"})
        cls.medicament = cls.env["cnas.medicament"].create(
            {"code": "T-MED-1", "name": "Comprimé d'essai", "type_prestation": "medicament", "dci": "essaine"})
        cls.env["cnas.config_acte"].create(
            {"acte_id": cls.acte.id, "montant": 1500, "date_debut": "2020-01-01"})
        cls.env["cnas.config_medicament"].create(
            {"medicament_id": cls.medicament.id, "montant": 200, "date_debut": "2020-01-01"})

    def dossier(self, reference="R-1", **autres):
        """Rend une feuille bonne à importer ; `autres` remplace ou ajoute des champs."""
        return {
            "reference": reference, "formation": "T-CS-01", "matricule": self.assure.matricule,
            "date_soins": "2026-11-10", "pathologie": "X98.8",
            "lignes": [{"prestation": "T-ACT-1", "quantite": 1, "prix_unitaire": 1500},
                       {"prestation": "T-MED-1", "quantite": 6, "prix_unitaire": 200}],
            **autres,
        }

    def importer(self, *dossiers, user=None):
        """Importe sous l'identité d'un agent (ou de `user`)."""
        return self.feuilles.with_user(user or self.agent).importer(list(dossiers))

    def deposee(self, reference="R-1", **autres):
        """Rend une feuille déposée par l'agent."""
        resultat = self.importer(self.dossier(reference, **autres))[0]
        self.assertFalse(resultat["erreurs"])
        return self.feuilles.browse(resultat["id"])

    def brouillon(self, user=None, **autres):
        """Rend un brouillon saisi à l'écran par l'agent."""
        return self.feuilles.with_user(user or self.agent).create({
            "reference": "B-1", "formation_id": self.formation.id, "assure_id": self.assure.id,
            "agence_id": self.agence.id, "date_soins": "2026-11-10", "date_depot": "2026-11-12",
            "pathologie_id": self.palu.id,
            "ligne_ids": [(0, 0, {"prestation_id": self.acte.prestation_id.id, "quantite": 1, "prix_unitaire": 1500})],
            **autres,
        })
