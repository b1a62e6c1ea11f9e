from lxml import etree

from odoo.tests import Form, tagged

from odoo.addons.cnas_base.tests.common import TransactionCase

MENUS_REFERENTIELS = [
    "Provinces", "Districts", "Spécialités", "Catégorisation Médicament", "Médicament", "Catégorisation Pathologie",
    "Pathologie", "Acte", "Consommable", "Examen",
]
MENUS_CONFIGURATION = ["Tarifs", "Couverture", "Contrôle", "Documents", "Usagers et agences", "Paramètres"]
MENUS_TARIFS = ["Config Médicament", "Config Consommable", "Config Acte", "Config Examen", "Lettres-clés"]
MENUS_COUVERTURE = ["Taux de prise en charge", "Panier de soins"]


@tagged("post_install", "-at_install", "cnas")
class TestEcrans(TransactionCase):
    """Menus dans l'ordre et étiquettes exactes du cahier des charges."""

    def _sous_menus(self, menu):
        return self.env["ir.ui.menu"].search([("parent_id", "=", self.env.ref(menu).id)]).mapped("name")

    def test_menus(self):
        self.assertEqual(self._sous_menus("cnas_base.menu_referentiels"), MENUS_REFERENTIELS)
        self.assertEqual(self._sous_menus("cnas_base.menu_configuration"), MENUS_CONFIGURATION)
        for menu, attendus in (("config_tarifs_menu", MENUS_TARIFS), ("config_couverture_menu", MENUS_COUVERTURE)):
            self.assertEqual(self._sous_menus(f"cnas_base.{menu}")[:len(attendus)], attendus)

    def _etiquettes(self, modele, champs):
        """Rend l'étiquette affichée de chaque champ du formulaire (celle de la vue, sinon celle du champ)."""
        arch = etree.fromstring(self.env[modele].get_view(view_type="form")["arch"])
        definitions = self.env[modele].fields_get(champs, ["string"])
        affichees = {}
        for champ in champs:
            noeuds = arch.xpath(f"//label[@for='{champ}' and @string] | //field[@name='{champ}' and @string]")
            affichees[champ] = noeuds[0].get("string") if noeuds else definitions[champ]["string"]
        return list(affichees.values())

    def test_etiquettes(self):
        self.assertEqual(self._etiquettes("cnas.medicament", ["name", "code", "dci", "generique"]),
                         ["Médicament", "Code", "DCI", "Générique"])
        self.assertEqual(
            self._etiquettes("cnas.config_medicament",
                             ["medicament_id", "montant", "date_debut", "date_fin", "description"]),
            ["Médicament", "Montant", "Date début", "Date fin", "Description"])

    def test_saisie_d_une_fiche_et_de_son_tarif(self):
        with Form(self.env["cnas.medicament"]) as fiche:
            fiche.name, fiche.code, fiche.dci = "Doliprane", "01", "Paracétamol"
            with fiche.config_ids.new() as tarif:
                tarif.montant, tarif.date_debut = 1500, "2019-01-01"
        medicament = fiche.save()
        self.assertEqual((medicament.type_prestation, medicament.display_name), ("medicament", "Doliprane"))
        self.assertEqual(medicament.tarif_jour, 1500)
        with Form(self.env["cnas.config_medicament"]) as suite:
            suite.medicament_id, suite.montant, suite.niveau_libelle = medicament, 1800, "3"
            suite.date_debut = "2026-01-01"
        self.assertEqual(suite.save().niveau, 3)
