import re
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests.common import new_test_user, tagged

from odoo.addons.cnas_base.tests.common import JOUR as JOUR_FIGE

from ..liquidation import moteur
from ..liquidation.execution import charger_brouillons
from ..models import assure_consommation
from .commun_moteur import CommunMoteur

JOUR = JOUR_FIGE.date() - timedelta(days=40)


@tagged("post_install", "-at_install", "cnas")
class TestMoteurInterroge(CommunMoteur):
    """Le même moteur répond au contrôle, à l'écran, au dépôt et à l'accueil ; une feuille n'y bloque pas les autres."""

    def brouillon(self, *lignes, **champs):
        """Rend un brouillon enregistré."""
        valeurs = {"reference": f"INT-{next(self.rangs)}", "formation_id": self.formation.id, "assure_id": self.assure.id,
                   "agence_id": self.agence.id, "date_soins": JOUR, "date_depot": JOUR, "pathologie_id": self.palu.id,
                   "ligne_ids": [(0, 0, {"prestation_id": p.id, "quantite": q, "prix_unitaire": prix})
                                 for p, q, prix in lignes], **champs}
        return self.env["cnas.feuille_soin"].create(valeurs)

    def le(self, jours, prestation, prix, **champs):
        """Rend une feuille déposée d'une ligne, `jours` après le jour de base."""
        return self.feuille((prestation, 1, prix), date_soins=JOUR + timedelta(days=jours), **champs)

    # ------------------------------------------------------------------ droits restants
    def test_le_moteur_ne_connait_aucune_regle(self):
        """`liquidation/` reçoit le registre ; `cnas_assures` dit ce qui ferme des droits, non la règle qui le dira."""
        racine = Path(__file__).resolve().parents[2]
        code = re.compile(r"\b[A-Z]{3}-\d\d\b")
        fautifs = [str(fichier) for dossier in ("cnas_feuilles_soin/liquidation", "cnas_assures/models", "cnas_assures/report")
                   for fichier in (racine / dossier).rglob("*.py") if code.search(fichier.read_text(encoding="utf-8"))]
        self.assertEqual(fautifs, [])

    def test_droits_restants_de_la_famille(self):
        """Le plafond de la famille compte tous ses membres, celui du bénéficiaire le seul assuré."""
        for portee in ("famille", "beneficiaire"):
            self.env["cnas.plafond"].create({"regime_id": self.regime.id, "portee": portee, "montant_max": 2000,
                                             "nombre_max": 3, "date_debut": "2020-01-01"})
        principal = self.creer_assure(droits=JOUR - timedelta(days=30))
        enfant = self.creer_assure(naissance="2015-01-01", principal=principal)
        self.controler(self.le(0, self.pansement, 1000, assure_id=enfant.id))
        reste = self.env["cnas.assure"].droits_restants(principal.matricule, JOUR.isoformat())["plafonds"]
        self.assertEqual([(p["portee"], p["montant_consomme"], p["montant_restant"], p["nombre_restant"]) for p in reste],
                         [("famille", 800, 1200, 2), ("beneficiaire", 0, 2000, 3)])

    def test_droits_restants_comme_le_controle(self):
        """Ce qui est annoncé est ce qui est payé."""
        self.env["cnas.plafond"].create({"regime_id": self.regime.id, "montant_max": 1000, "date_debut": "2020-01-01"})
        assure = self.creer_assure(droits=JOUR - timedelta(days=30))
        self.controler(self.le(0, self.pansement, 1000, assure_id=assure.id))
        restant = self.env["cnas.assure"].droits_restants(
            assure.matricule, (JOUR + timedelta(days=1)).isoformat())["plafonds"][0]["montant_restant"]
        feuille = self.le(1, self.pansement, 1000, assure_id=assure.id)
        self.controler(feuille)
        self.assertEqual((restant, int(feuille.montant_cnas)), (200, 200))

    def test_demande_n_est_pas_un_dossier(self):
        """Le rang d'une demande n'est jamais le numéro d'un dossier enregistré : il l'ôterait de l'historique."""
        demandes = [(self.creer_assure().id, JOUR, False) for _i in range(3)]
        with patch.object(assure_consommation, "charger_brouillons", wraps=charger_brouillons) as charger:
            reponses = self.env["cnas.assure"]._consommations_par_lot(demandes)
        idents = [feuille["id"] for feuille in charger.call_args.kwargs["feuilles"]]
        self.assertEqual((len(set(idents)), max(idents) < 0, set(reponses)), (3, True, set(demandes)))

    # ------------------------------------------------------------------ estimation à l'écran
    def estimation(self, feuille):
        """Rend ce que l'écran annonce."""
        return tuple(int(feuille[champ]) for champ in (
            "part_estimee", "ticket_estime", "depassement_estime", "rejete_estime"))

    def test_estimation_du_brouillon(self):
        """Prix au-dessus et au-dessous du tarif, plafond compris : l'écran annonce ce que le contrôle décidera."""
        self.env["cnas.plafond"].create({"regime_id": self.regime.id, "montant_max": 1500, "date_debut": "2020-01-01"})
        brouillon = self.brouillon((self.pansement, 1, 1200), (self.comprime, 2, 150), (self.consultation, 1, 1500))
        self.assertEqual(self.estimation(brouillon), (1500, 1300, 200, 0))
        brouillon.action_deposer()
        self.assertEqual(self.estimation(brouillon), (1500, 1300, 200, 0))
        self.controler(brouillon)
        self.assertEqual((brouillon.montant_cnas, brouillon.ticket_moderateur, brouillon.depassement), (1500, 1300, 200))

    def test_estimation_jamais_enregistree(self):
        """Le tarif borne le prix ; sans bénéficiaire ou sans ligne, rien à annoncer."""
        neuve = self.env["cnas.feuille_soin"].new({
            "formation_id": self.formation.id, "assure_id": self.assure.id, "date_soins": JOUR, "date_depot": JOUR,
            "pathologie_id": self.palu.id, "type_soins": "ambulatoire", "mode": "tiers_payant",
            "ligne_ids": [(0, 0, {"prestation_id": self.pansement.id, "quantite": 2, "prix_unitaire": 1500})]})
        self.assertEqual(self.estimation(neuve), (1600, 400, 1000, 0))
        neuve.assure_id = False
        self.assertEqual(self.estimation(neuve), (0, 0, 0, 0))
        self.assertEqual(self.estimation(self.brouillon()), (0, 0, 0, 0))

    def test_estimation_dans_l_ordre_de_la_saisie(self):
        """Jamais enregistrées, les lignes passent dans l'ordre où elles se lisent, comme elles passeront au contrôle."""
        self.env["cnas.plafond"].create({"regime_id": self.regime.id, "categorie": "autre", "nombre_max": 1,
                                         "date_debut": "2020-01-01", "portee": "feuille"})
        lignes = [(self.prestation("acte", prix, categorie="autre"), 1, prix) for prix in (1000, 500)]
        neuve = self.env["cnas.feuille_soin"].new({
            "formation_id": self.formation.id, "assure_id": self.assure.id, "date_soins": JOUR, "date_depot": JOUR,
            "pathologie_id": self.palu.id, "type_soins": "ambulatoire", "mode": "tiers_payant",
            "ligne_ids": [(0, 0, {"prestation_id": p.id, "quantite": q, "prix_unitaire": prix}) for p, q, prix in lignes]})
        self.assertEqual(self.estimation(neuve), (800, 200, 0, 500))
        self.assertEqual(self.estimation(self.brouillon(*lignes)), (800, 200, 0, 500))

    def test_estimation_d_un_rejet(self):
        reserve = self.prestation("acte", 1000, niveau_min=4)
        self.assertEqual(self.estimation(self.brouillon((reserve, 1, 1000), (self.pansement, 1, 1000))), (800, 200, 0, 1000))

    def test_estimer_a_requetes_constantes(self):
        def compter(nombre):
            lot = self.env["cnas.feuille_soin"].concat(*[
                self.brouillon((self.pansement, 1, 1000), (self.comprime, 1, 200)) for _i in range(nombre)])
            self.env.flush_all()
            lot.mapped("ligne_ids.montant_facture")
            lot._estimer()
            avant = self.env.cr.sql_log_count
            lot._estimer()
            return self.env.cr.sql_log_count - avant
        self.assertEqual(compter(2), compter(20))

    # ------------------------------------------------------------------ complétude au dépôt
    def test_completude_au_depot(self):
        """Diagnostic ou pièce manquants : les règles le disent, leurs anomalies restent jusqu'à la régularisation."""
        type_piece = self.env["cnas.type_piece"].search([("code", "=", "ORDONNANCE")], limit=1) \
            or self.env["cnas.type_piece"].search([], limit=1)
        self.env["cnas.piece_exigee"].create({"type_piece_id": type_piece.id, "type_prestation": "medicament"})
        feuille = self.brouillon((self.comprime, 1, 200), pathologie_id=False)
        feuille.action_deposer()
        self.assertEqual((feuille.state, self.codes(feuille)), ("instance", ["REC-02", "REC-03"]))
        self.assertEqual(feuille.demande_ids.motif, f"diagnostic codé, {type_piece.name}")
        self.assertEqual(feuille._pieces_manquantes(), {feuille.id: {type_piece.id: type_piece.name}})
        with self.assertRaisesRegex(UserError, "diagnostic codé"):
            feuille.action_regulariser()
        feuille.pathologie_id = self.palu
        self.env["cnas.piece_exigee"].search([("type_piece_id", "=", type_piece.id)]).unlink()
        feuille.action_regulariser()
        self.assertEqual((feuille.state, self.codes(feuille), feuille._pieces_manquantes()), ("deposee", [], {}))

    def test_completude_suit_la_regle(self):
        """Une règle de complétude inactive ne retient plus rien, au dépôt comme au contrôle."""
        self.regle("REC-02").active = False
        feuille = self.brouillon((self.pansement, 1, 1000), pathologie_id=False)
        feuille.action_deposer()
        self.assertEqual((feuille.state, feuille.completude), ("deposee", "complet"))

    # ------------------------------------------------------------------ agréments
    def test_agrement_par_specialite(self):
        """Agréée pour une spécialité seulement, une formation ne facture pas les autres ; le reste demeure permis."""
        anatomie, psychiatrie = self.env["cnas.specialite"].create([
            {"code": "INT1", "name": "Anatomie d'essai"}, {"code": "INT2", "name": "Psychiatrie d'essai"}])
        sienne, autre = [self.prestation("acte", 1000, specialite_id=s.id) for s in (anatomie, psychiatrie)]
        reserve = self.prestation("acte", 1000, niveau_min=4, specialite_id=anatomie.id)

        def rejets(jour=JOUR):
            feuille = self.feuille(*[(p, 1, 1000) for p in (sienne, autre, self.pansement, self.comprime, reserve)],
                                   date_soins=jour, assure_id=self.creer_assure().id)
            self.controler(feuille)
            return feuille.anomalie_ids.filtered(lambda a: a.regle_id.code == "FOR-03").mapped("message")
        niveau, specialite = "Acte non autorisé au niveau 2", "Spécialité pour laquelle la formation n'est pas agréée"
        self.assertEqual(rejets(), [niveau])
        agrement = self.env["cnas.agrement"].create({
            "formation_id": self.formation.id, "specialite_id": anatomie.id, "date_debut": JOUR, "date_fin": JOUR})
        self.assertEqual(sorted(rejets()), [niveau, specialite])
        self.assertEqual(rejets(JOUR + timedelta(days=1)), [niveau])
        self.assertEqual(rejets(JOUR - timedelta(days=1)), [niveau])
        agrement.date_fin = False
        for prestation in (autre, reserve):
            self.env["cnas.agrement"].create({"formation_id": self.formation.id, "portee": "prestation",
                                              "prestation_id": prestation.id, "date_debut": JOUR})
        self.assertEqual(rejets(), [])

    # ------------------------------------------------------------------ une feuille ne bloque pas les autres
    def test_montants_enormes(self):
        """Trois milliards sur une ligne ou sur trois : la feuille se contrôle, les autres aussi."""
        enorme = 1_000_000_000
        cher = self.prestation("acte", enorme)
        autres = [self.prestation("acte", enorme) for _i in range(2)]
        lot = [self.feuille((self.pansement, 3, enorme), assure_id=self.creer_assure().id),
               self.feuille(*[(p, 1, enorme) for p in (cher, *autres)], assure_id=self.creer_assure().id),
               self.feuille(assure_id=self.creer_assure().id)]
        self.controler(*lot)
        self.assertEqual([f.state for f in lot], ["avis_medical", "avis_medical", "validee"])
        self.assertEqual([int(f.montant_cnas) for f in lot], [2400, 2_400_000_000, 1200])
        self.verifier_equilibre(self.env["cnas.feuille_soin"].concat(*lot))

    def test_cotation_enorme(self):
        """Un tarif coté au-delà de 2 147 483 647 se lit."""
        lettre = self.env["cnas.lettre_cle"].create({"code": "ZE", "name": "Lettre énorme"})
        self.env["cnas.config_lettre_cle"].create(
            {"lettre_cle_id": lettre.id, "montant": 1_000_000_000, "date_debut": "2020-01-01"})
        acte = self.prestation("acte", mode_tarif="cotation", lettre_cle_id=lettre.id, coefficient=30)
        self.assertEqual(self.env["cnas.prestation"].tarif_applicable([acte.code])[acte.code]["montant"], 30_000_000_000)

    def test_feuille_isolee(self):
        """La feuille qui fait échouer le moteur reste déposée et se nomme ; sa famille et les autres passent."""
        superviseur = new_test_user(self.env, login="int_superviseur", groups="cnas_base.group_superviseur",
                                    agence_ids=[(6, 0, self.agence.ids)])
        lot = [self.le(jour, self.pansement, 1000, assure_id=assure.id)
               for assure in (self.creer_assure(), self.creer_assure(), self.creer_assure()) for jour in (0, 1, 2)]
        poison = lot[4]
        etablir = moteur.calcul.etablir

        def casser(ligne):
            if ligne.feuille.id == poison.id:
                raise ZeroDivisionError("ligne impossible")
            etablir(ligne)
        with patch.object(moteur.calcul, "etablir", casser), \
                self.assertLogs("odoo.addons.cnas_feuilles_soin.liquidation.execution", "ERROR"):
            self.controler(*lot)
            self.controler(*lot)
        self.assertEqual([f.state for f in lot], ["validee"] * 4 + ["deposee"] + ["validee"] * 4)
        self.assertEqual(poison.activity_ids.user_id, superviseur)
        self.assertEqual(len(poison.activity_ids), 1)
        self.assertIn("ligne impossible", poison.activity_ids.note)
        self.controler(*lot)
        self.assertEqual(poison.state, "validee")

    # ------------------------------------------------------------------ la forme
    def test_liquidation_ne_connait_aucune_regle(self):
        for fichier in Path(moteur.__file__).parent.glob("*.py"):
            lignes = [ligne for ligne in fichier.read_text("utf-8").splitlines() if ligne.startswith(("import", "from"))]
            self.assertFalse([ligne for ligne in lignes if "regles" in ligne], fichier.name)
