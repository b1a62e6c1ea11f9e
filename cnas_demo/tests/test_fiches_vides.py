from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.models.garde_mixin import CLES_AFFICHEES
from odoo.addons.cnas_base.tests.common import TransactionCase

from .commun import modeles

# Une valeur plausible par nature de champ, pour qu'une ligne remplie côtoie une ligne vide.
PLAUSIBLES = {"char": "Essai", "text": "Essai", "html": "Essai", "integer": 1, "float": 1.0, "monetary": 1.0, "boolean": True}
CHOIX = 4


@tagged("post_install", "-at_install", "cnas")
class TestFichesVides(TransactionCase):
    """Aucune fiche nouvelle, vide ou à demi remplie, ne fait tomber un calcul : toutes les vues formulaire des modèles cnas.*."""

    def test_les_fiches_neuves_se_calculent_avec_des_lignes_vides(self):
        noms = self.env["ir.ui.view"].search([("type", "=", "form"), ("model", "=like", "cnas.%")]).mapped("model")
        essayes, lignes = 0, 0
        for nom in sorted(set(noms)):
            modele = self.env.get(nom)
            if modele is None or modele._abstract:
                continue
            essayes += 1
            with self.subTest(nom):
                lignes += self._essayer(modele)
        self.assertGreater(essayes, 60)
        self.assertGreater(lignes, 10)

    def _essayer(self, modele):
        """Ouvre une fiche neuve, puis lui ajoute des lignes vides, remplies et à demi ; rend le nombre de listes essayées."""
        fiche = Form(modele)
        spec = fiche._view["fields_spec"]
        simples = {n: v for n, v in fiche._values.items() if modele._fields[n].type not in ("one2many", "many2many")}
        listes = [n for n in spec if modele._fields[n].type == "one2many" and spec[n].get("fields")]
        for nom in listes:
            lignes = self._lignes(modele._fields[nom].comodel_name, spec[nom]["fields"])
            for fond in ({}, *(self._valeurs(modele, spec, rang, ("date", "datetime")) for rang in range(CHOIX))):
                modele.onchange({**simples, **fond, nom: lignes}, [nom], spec)
        return len(listes)

    def _lignes(self, modele, spec):
        """Pour chaque choix de ses listes : une ligne remplie, une sans date, une sans nombre ni texte ; et deux vides."""
        trous = ((), ("date", "datetime"), ("char", "text", "integer", "float", "monetary"))
        valeurs = [self._valeurs(self.env[modele], spec, rang, vides) for rang in range(CHOIX) for vides in trous]
        return [(0, f"virtual_{rang}", ligne) for rang, ligne in enumerate([{}, *valeurs, {}])]

    def _valeurs(self, modele, spec, rang, vides):
        """Rend les valeurs des champs simples d'une vue, comme le client les envoie ; ceux de nature `vides` le restent."""
        champs = {n: modele._fields[n] for n in spec if n != "id"}
        return {n: False if champ.readonly or champ.type in vides else self._valeur(champ, rang)
                for n, champ in champs.items() if champ.type not in ("one2many", "many2many", "many2one")}

    def _valeur(self, champ, rang):
        if champ.type in ("date", "datetime"):
            return str(fields.Date.today())
        if champ.type == "selection":
            choix = champ.get_values(self.env)
            return choix[rang % len(choix)] if choix else False
        return PLAUSIBLES.get(champ.type, False)

    def test_un_texte_exige_ne_se_donne_pas_de_blancs(self):
        """Un objet, un nom, un motif exigés : des blancs ne les remplissent pas."""
        essayes, phrases = 0, 0
        for modele in modeles(self.env, "cnas.garde.mixin"):
            modele = self.env[modele].with_user(self.env.ref("base.user_admin"))
            for nom, champ in modele._fields.items():
                if not (champ.required and champ.store and champ.type in ("char", "text") and not champ.compute and nom not in modele._champs_gardes):
                    continue
                essayes += 1
                with self.subTest(f"{modele._name}.{nom}"), mute_logger("odoo.sql_db"):
                    refus = self._refus(modele, {nom: "  "})
                    self.assertTrue(refus, "créé de blancs")
                    phrases += "est vide" in refus
        self.assertGreater(essayes, 30)
        self.assertGreater(phrases, 0.7 * essayes, "un refus d'autre chose ne prouve rien")

    def _refus(self, modele, valeurs):
        """Rend ce que la création en dit, rien si elle a eu lieu."""
        try:
            with self.env.cr.savepoint():
                modele.create(valeurs)
        except (UserError, IntegrityError) as refus:
            return str(refus)
        return None

    def test_chercher_par_une_cle_ne_tombe_jamais(self):
        """« [clé] autre nom » : un libellé qui contredit la clé ne désigne personne, que le modèle ait un nom ou non."""
        lus = 0
        for modele in modeles(self.env, "cnas.garde.mixin"):
            cles = [nom for nom in CLES_AFFICHEES if nom in self.env[modele]._fields and self.env[modele]._fields[nom].store]
            for fiche in self.env[modele].search([(cles[0], "!=", False)], limit=1) if cles else ():
                with self.subTest(modele), mute_logger("odoo.models"):
                    lus += 1
                    trouves = [i for i, _nom in fiche.name_search(f"[{str(fiche[cles[0]]).upper()}] Rien de tel", operator="=")]
                    self.assertNotEqual(trouves, fiche.ids)
        self.assertGreater(lus, 10)
