import itertools

from odoo.tests import new_test_user

from odoo.addons.cnas_base.tests.common import TransactionCase


class CasEmployeur(TransactionCase):
    """Un employeur actif, trois salariés, un usager par rôle."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rangs = itertools.count()  # un double exact ne s'immatricule pas
        cls.agent = new_test_user(cls.env, "agent_emp", groups="cnas_base.group_agent")
        cls.superviseur = new_test_user(cls.env, "superviseur_emp", groups="cnas_base.group_superviseur")
        cls.employeurs = cls.env["cnas.employeur"].with_user(cls.agent)
        cls.employeur = cls.employeurs.create({
            "raison_sociale": "Brasserie du Logone", "type_employeur": "prive",
            "nif": "9012345K", "rccm": "TD-NDJ-01-2021-B12-00999"})
        cls.employeur.action_activer()
        cls.assures = cls._assures(3)

    @classmethod
    def _assures(cls, combien):
        assures = cls.env["cnas.assure"].create([{
            "nom": f"Salarié{chr(65 + i // 676)}{chr(65 + i // 26 % 26)}{chr(65 + i % 26)}", "prenom": "Mahamat",
            "genre": "masculin", "date_naissance": "1985-03-02", "date_affiliation": "2026-01-01",
            "regime_id": cls.env.ref("cnas_base.regime_ass").id,
        } for i in itertools.islice(cls.rangs, combien)])
        assures.action_immatriculer()
        return assures

    @classmethod
    def _declaration(cls, periode="2026-09-01", salaire=200_000, assures=None):
        return cls.env["cnas.declaration_effectif"].with_user(cls.agent).create({
            "employeur_id": cls.employeur.id, "periode": periode,
            "ligne_ids": [(0, 0, {"assure_id": a.id, "salaire": salaire}) for a in assures or cls.assures]})
