from lxml import etree

from odoo.tests import tagged

from .common import TransactionCase

POURCENTS = ("cnas_pourcent", "progressbar", "percentpie")


@tagged("post_install", "-at_install", "cnas")
class TestEcrituresEcran(TransactionCase):
    """Une seule écriture à l'écran : le taux en %, le mois en toutes lettres, l'heure sans secondes."""

    def champs(self, noeud, modele):
        """Rend (modèle, nom, widget) de chaque champ d'une vue, listes imbriquées comprises."""
        for enfant in noeud:
            sous = modele
            if enfant.tag == "field" and modele is not None and enfant.get("name") in modele._fields:
                champ = modele._fields[enfant.get("name")]
                if not enfant.get("interval"):
                    yield champ, enfant.get("widget") or "", enfant.get("invisible") == "1" or enfant.get("column_invisible") == "1"
                sous = self.env[champ.comodel_name] if champ.comodel_name else None
            yield from self.champs(enfant, sous)

    def test_taux_et_mois(self):
        fautifs, vus = set(), 0
        for vue in self.env["ir.ui.view"].search([("model", "=like", "cnas.%"), ("type", "in", ("tree", "form")), ("inherit_id", "=", False)]):
            modele = self.env.get(vue.model)
            if modele is None or modele._transient:
                continue
            for champ, widget, cache in self.champs(etree.fromstring(vue.get_combined_arch()), modele):
                vus += 1
                if cache:
                    continue
                if champ.type == "float" and "%" in champ.string + (champ.name.startswith("taux") and "%" or "") and widget not in POURCENTS:
                    fautifs.add(f"{champ} : cnas_pourcent")
                if champ.type == "date" and champ.name == "periode" and widget != "cnas_mois":
                    fautifs.add(f"{champ} : cnas_mois")
        self.assertGreater(vus, 1000)
        self.assertFalse(fautifs)

    def test_heures_sans_secondes(self):
        langues = self.env["res.lang"].with_context(active_test=False).search([])
        self.assertFalse([langue.code for langue in langues if langue.code[:2] in ("fr", "ar", "en") and "%S" in langue.time_format])
