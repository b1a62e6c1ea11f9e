from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .commun import CasEmployeur

COPIES = ("regime_id", "mode", "taux_employeur", "taux_salarie", "plancher", "plafond", "part_employeur", "part_salarie")


@tagged("post_install", "-at_install", "cnas")
class TestFaitsFiges(CasEmployeur):
    """Une déclaration déposée est un document : ce qu'elle appelle ne suit ni l'assuré, ni le barème."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ass, cls.asi = (cls.env.ref(f"cnas_base.regime_{code}") for code in ("ass", "asi"))
        cls.mois = fields.Date.context_today(cls.employeur).replace(day=1) - relativedelta(months=2)
        cls.bareme = cls.env["cnas.bareme_cotisation"]._par_regime(cls.mois)[cls.ass.id]

    def _photo(self, declaration):
        self.env.flush_all()
        self.env.invalidate_all()
        return (
            [tuple(ligne[champ] for champ in COPIES) for ligne in declaration.ligne_ids],
            declaration.montant_employeur, declaration.montant_salarie, declaration.montant_appele)

    def _deposee(self):
        declaration = self._declaration(self.mois)
        declaration.action_deposer()
        return declaration

    def test_changement_de_regime(self):
        """Le changement, même rétroactif, d'un salarié ne réécrit aucune déclaration validée."""
        declaration = self._deposee()
        declaration.with_user(self.superviseur).action_valider()
        avant = self._photo(declaration)
        self.assertEqual(declaration.montant_appele, 30_000)
        self.assertEqual(declaration.ligne_ids.regime_id, self.ass)
        self.assures[0].with_user(self.agent).action_changer_regime(self.asi.id, "Devient indépendant", self.mois)
        self.assures[1].with_user(self.agent).action_changer_regime(self.asi.id, "Devient indépendant")
        self.assertEqual(self._photo(declaration), avant)

    def test_bareme_et_recalcul(self):
        """Ni un barème corrigé, ni un recalcul demandé par le cadre ne touchent une déclaration déposée."""
        declaration = self._deposee()
        avant = self._photo(declaration)
        self.bareme.write({"taux_employeur": 50, "plafond": 70_000})
        self.assures.with_user(self.agent)[0].action_changer_regime(self.asi.id, "Devient indépendant", self.mois)
        for champ in COPIES:
            self.env.add_to_compute(declaration.ligne_ids._fields[champ], declaration.ligne_ids)
        self.assertEqual(self._photo(declaration), avant)

    def test_regime_du_mois_declare(self):
        """Un régime changé depuis n'est pas celui du mois déclaré."""
        self.assures[0].with_user(self.agent).action_changer_regime(self.asi.id, "Devient indépendant")
        declaration = self._deposee()
        self.assertEqual(declaration.ligne_ids.regime_id, self.ass)
        self.assertEqual(declaration.montant_appele, 30_000)

    def test_rejet_et_redepot(self):
        """Rejetée et reprise, la déclaration reste figée jusqu'au redépôt, qui recopie les faits du moment."""
        declaration = self._deposee()
        avant = self._photo(declaration)
        self.bareme.plafond = 100_000
        declaration.with_user(self.superviseur).action_rejeter("Salaires à revoir")
        declaration.action_reprendre()
        self.assertEqual(self._photo(declaration), avant)
        declaration.action_deposer()
        self.assertEqual(declaration.ligne_ids.mapped("plafond"), [100_000] * 3)
        self.assertEqual(declaration.montant_appele, 15_000)

    def test_le_depot_recopie(self):
        declaration = self._declaration(self.mois)
        self.bareme.plafond = 100_000
        declaration.action_deposer()
        self.assertEqual(declaration.montant_appele, 15_000)

    def test_copies_jamais_ecrites(self):
        declaration = self._declaration(self.mois)
        for champ, valeur in (("regime_id", self.asi.id), ("taux_employeur", 0), ("plafond", 1), ("mode", "etat")):
            with self.subTest(champ), self.assertRaisesRegex(UserError, "ne s'écrit pas directement"):
                declaration.ligne_ids[0].write({champ: valeur})
