from odoo.tests import new_test_user

from odoo.addons.cnas_employeurs.tests.commun import CasEmployeur


class CasCotisations(CasEmployeur):
    """Un employeur aux déclarations validées, et qui appelle, encaisse, relance."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.finance = new_test_user(cls.env, "finance_cot", groups="cnas_base.group_finance")
        cls.finance2 = new_test_user(cls.env, "finance2_cot", groups="cnas_base.group_finance")
        cls.societe = cls.env["res.company"]._cnas_societe()
        cls.env["cnas.emploi"].create([{"assure_id": a.id, "employeur_id": cls.employeur.id, "date_debut": "2026-01-01"} for a in cls.assures])

    @classmethod
    def valider(cls, periode="2026-09-01", salaire=200_000):
        """Rend l'appel d'une déclaration déposée puis validée."""
        declaration = cls._declaration(periode, salaire)
        declaration.action_deposer()
        declaration.with_user(cls.superviseur).action_valider()
        return declaration.sudo().appel_ids

    def encaisser(self, montant, reference="VIR-1", mode="virement", jour="2026-11-20", **autres):
        """Rend un encaissement de l'employeur."""
        compte = self.env["cnas.cotisant"]._de(self.employeur)[self.employeur]
        return self.env["cnas.encaissement"].with_user(self.finance).create({
            "cotisant_id": compte.id, "montant": montant, "mode": mode, "reference": reference, "date": jour, **autres})

    def compte(self):
        """Rend le compte de l'employeur."""
        self.env.invalidate_all()
        return self.env["cnas.cotisant"].search([("employeur_id", "=", self.employeur.id)])
