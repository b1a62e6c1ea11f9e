from datetime import timedelta

from odoo.tests.common import tagged, warmup

from ..bareme import Bareme
from .common import JOUR, CommunReferentiels


@tagged("post_install", "-at_install", "cnas")
class TestRequetes(CommunReferentiels):
    """Le nombre de requêtes d'un lot ne dépend pas de sa taille."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lot = cls.env["cnas.medicament"].create(
            [{"code": f"TST-Q{n:04d}", "name": f"Q {n}"} for n in range(1000)])
        cls.env["cnas.config_medicament"].create([
            {"medicament_id": m.id, "montant": 100, "date_debut": "2026-01-01"} for m in cls.lot])
        cls.env.flush_all()

    def _compter(self, fonction):
        self.env.flush_all()
        self.env.invalidate_all()
        avant = self.cr.sql_log_count
        fonction()
        self.env.flush_all()
        return self.cr.sql_log_count - avant

    @warmup
    def test_resolutions_par_lot(self):
        codes = self.lot.mapped("code")
        regime = self.env.ref("cnas_base.regime_ass").id
        ids = self.lot.prestation_id.ids
        baremes = {}

        def bareme(n):
            return baremes.setdefault(n, Bareme(self.env, ids[:n]))
        for nom, plafond, appel in (
                ("tarif_applicable", 2, lambda n: self.Prestation.tarif_applicable(codes[:n], str(JOUR), 2)),
                ("tarif", 1, lambda n: [bareme(n).tarif(p, 2, JOUR) for p in ids[:n]]),
                ("taux", 1, lambda n: [
                    bareme(n).taux(regime, "acte", "ald", JOUR - timedelta(days=d)) for d in range(n)]),
                ("plafonds", 1, lambda n: [bareme(n).plafonds_de(regime, JOUR - timedelta(days=d)) for d in range(n)]),
                ("au_panier", 1, lambda n: [bareme(n).au_panier(regime, p, JOUR) for p in ids[:n]])):
            baremes.clear()
            appel(1)
            petit, grand = self._compter(lambda a=appel: a(10)), self._compter(lambda a=appel: a(1000))
            self.assertEqual(petit, grand, nom)
            self.assertLessEqual(grand, plafond, nom)

    @warmup
    def test_creation_et_cloture_par_lot(self):
        def creer(fiches, debut):
            return self._compter(lambda: self.env["cnas.config_medicament"].create([
                {"medicament_id": m.id, "montant": 110, "date_debut": debut} for m in fiches]))
        creer(self.lot[:5], "2027-01-01")
        petit, grand = creer(self.lot[5:15], "2027-01-01"), creer(self.lot[15:115], "2027-01-01")
        self.assertEqual(petit, grand)

    @warmup
    def test_liste_de_medicaments(self):
        def lire(n):
            return self._compter(lambda: self.lot[:n].read(
                ["code", "name", "dci", "tarif_jour", "tarif_prochain", "regimes_couverts"]))
        lire(5)
        self.assertEqual(lire(10), lire(80))

    @warmup
    def test_preparation_d_une_revision(self):
        def preparer(n):
            revision = self.env["cnas.revision_tarif"].create(
                {"date_effet": "2028-01-01", "mode": "classeur", "fichier": "eA==", "fichier_nom": "a.csv"})
            rangs = [{"rang": r, "code": c, "montant": 200} for r, c in enumerate(self.lot[:n].mapped("code"))]
            return self._compter(lambda: revision._ecrire_lignes(revision._controler_rangs(rangs)))
        preparer(5)
        self.assertEqual(preparer(10), preparer(200))
