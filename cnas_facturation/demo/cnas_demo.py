import base64
import logging
from datetime import date, timedelta
from random import Random

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import sans_suivi

from ..models.horloge import JourForce

_logger = logging.getLogger(__name__)

PORTAIL = ("CS-ABE-01", "HD-BON-01")
DERNIER = date(2026, 11, 1)


class CnasDemo(models.AbstractModel):
    """Factures du jeu d'essai : dix-neuf mois d'histoire, tous les états, par les vraies actions."""

    _inherit = "cnas.demo"

    @api.model
    def _charger_facturation(self):
        """Prépare, contrôle, valide, paie, conteste, compense, mois après mois ; tout est daté du mois suivant."""
        with sans_suivi():
            return self.with_context(mail_notify_force_send=False)._raconter_facturation()

    def _raconter_facturation(self):
        self._etoffer_feuilles()
        formations = self.env["cnas.feuille_soin"]._read_group(
            [("state", "not in", ("brouillon", "annulee")), ("mode", "=", "tiers_payant")], ["formation_id"])
        formations = sorted((f for f, in formations), key=lambda f: (f.code not in PORTAIL, f.code))
        if not formations:
            _logger.info("Aucune feuille de soins dans le jeu d'essai : pas de factures.")
            return True
        for recul in range(19, -1, -1):
            mois = DERNIER - relativedelta(months=recul)
            factures = [
                self._mener_facture(formation, mois, rang) for rang, formation in enumerate(formations)
                if recul < 4 or formation.code in PORTAIL]
            self._payer_par_lot([f for f in factures if f], mois)
            self._raconter_recours(mois)
        self._rembourser_assures()
        return True

    def _etoffer_feuilles(self):
        """Dépose et contrôle une centaine de feuilles de plus pour les deux formations du portail."""
        hasard = Random(31)
        offre = self._lire_offre()
        if not all(offre.values()):
            return
        envois = []
        for rang in range(1001, 1101):
            soins = date(2026, 7, 1) + timedelta(days=hasard.randrange(0, 130))
            envoi = {
                **self._composer(hasard, offre, rang), "formation": PORTAIL[rang % 2], "date_soins": str(soins),
                "date_depot": str(min(soins + timedelta(days=6), date(2026, 11, 18))), "mode": "tiers_payant"}
            if rang % 9 == 0:
                envoi["mode"] = "remboursement"
                envoi["pieces"] = [
                    {"type": sorte, "nom": f"{envoi['reference']}-{sorte.lower()}.pdf",
                     "contenu": base64.b64encode(self._dessiner({**envoi, "reference": f"{envoi['reference']}-{sorte}"})).decode()}
                    for sorte in ("ORDONNANCE", "FACTURE")]
            envois.append(envoi)
        agent = self.env.ref("cnas_base.user_agent2")
        resultats = self.env["cnas.feuille_soin"].with_user(agent).importer(envois)
        feuilles = self.env["cnas.feuille_soin"].browse([r["id"] for r in resultats if r["id"]])
        feuilles.filtered(lambda f: f.state == "deposee" and f.date_soins < date(2026, 10, 20)).with_user(
            self.env.ref("cnas_base.user_controleur")).action_controler()

    # ------------------------------------------------------------------ une facture
    def _comme(self, login, jour):
        """Rend les factures vues par un usager de démonstration, un jour donné."""
        return self.env["cnas.facture"].with_user(self.env.ref(f"cnas_base.user_{login}")).with_context(
            cnas_jour=JourForce(jour))

    def _mener_facture(self, formation, mois, rang):
        """Prépare la facture du mois et la mène aussi loin que son âge le veut ; rend la facture ou rien."""
        suivant = mois + relativedelta(months=1)
        try:
            facture_id = self._comme("agent", date(2026, 11, 20)).preparer(formation.code, str(mois))
        except UserError:
            return None
        cible = self._cible(formation, mois, rang)
        if cible == "brouillon":
            return self.env["cnas.facture"].browse(facture_id)

        def facture(login, jour):
            return self._comme(login, suivant.replace(day=jour)).browse(facture_id)

        brouillon = facture("agent", 5)
        brouillon.write({"numero_formation": f"{mois:%m%y}/{formation.code}", "montant_declare": brouillon.montant_facture})
        brouillon.action_reporter_instances()
        if not brouillon.nb_feuilles:
            brouillon.action_annuler("Toutes les feuilles sont en instance : reportées au mois suivant.")
            return None
        brouillon.action_soumettre()
        if cible == "soumise":
            return brouillon
        if cible == "rejetee":
            facture("controleur", 9).action_rejeter("Bordereau non signé par le responsable de la formation.")
            return brouillon
        controle = facture("controleur", 9)
        controle.action_controler()
        controle.action_reporter_instances()
        if cible == "controle":
            return brouillon
        attente = controle.feuille_ids.filtered(lambda f: f.state not in ("validee", "rejetee"))
        if attente:
            controle.action_retirer_feuilles(attente.ids, "Décision attendue : facturée quand elle sera rendue.")
        if not controle.nb_feuilles:
            controle.action_annuler("Aucune feuille décidée ce mois-ci.")
            return None
        facture("superviseur", 14).action_valider()
        if cible != "validee":
            facture("finance", 18).action_ordonnancer()
        return brouillon

    def _cible(self, formation, mois, rang):
        """Rend l'état où laisser la facture selon son âge ; le paiement se fait par lot, ensuite."""
        if mois == DERNIER:
            return "brouillon" if formation.code[:2] in ("HP", "HR") or formation.code == PORTAIL[1] else "soumise"
        if mois == date(2026, 10, 1):
            return ("validee", "controle", "soumise", "ordonnancee", "rejetee")[rang % 5]
        return "ordonnancee"

    # ------------------------------------------------------------------ paiement
    def _payer_par_lot(self, factures, mois):
        """Vire les factures ordonnancées du mois ; septembre 2026 attend la banque."""
        a_payer = self.env["cnas.facture"].concat(*factures).filtered(lambda f: f.state == "ordonnancee")
        if not a_payer or mois >= date(2026, 10, 1):
            return
        suivant = mois + relativedelta(months=1)
        virements = a_payer.ordre_ids.filtered(lambda o: o.state == "emis")
        finance = self._comme("finance", suivant.replace(day=20))
        paiement = self._comme("finance", suivant.replace(day=26))
        if virements:
            action = virements.with_env(finance.env).action_creer_lot()
            lot = finance.env["cnas.lot_virement"].browse(action["res_id"])
            lot.action_transmettre()
            if mois == date(2026, 9, 1):
                return
            lot.with_env(paiement.env).action_executer(str(suivant.replace(day=26)), f"BEAC-{suivant:%Y%m}-{lot.id:04d}")
        for facture in a_payer.filtered(lambda f: f.state == "ordonnancee"):
            facture.with_env(paiement.env).action_payer(str(suivant.replace(day=26)), "SANS OBJET")

    # ------------------------------------------------------------------ recours, indus, remboursements
    def _raconter_recours(self, mois):
        """Deux recours décidés au fil de l'eau, un en cours, un indu compensé."""
        if mois == date(2026, 5, 1):
            self._contester(date(2026, 6, 20), "acceptee")
        elif mois == date(2026, 7, 1):
            self._contester(date(2026, 8, 21), "rejetee")
            self._constater_indu(date(2026, 8, 25))
        elif mois == date(2026, 10, 1):
            self._contester(date(2026, 11, 18), "deposee")

    def _contester(self, jour, issue):
        """Conteste, au nom d'une formation, la plus grosse ligne rejetée ou abattue encore contestable."""
        ligne = self.env["cnas.decompte.ligne"].search([
            ("decompte_id.date_limite_recours", ">=", jour), ("decompte_id.date_decompte", "<=", jour),
            ("decompte_id.state", "=", "emis"), ("decision", "in", ("rejetee", "abattue"))],
            order="montant_rejete desc, id", limit=1)
        if not ligne:
            return
        usager = ligne.formation_id.user_ids[:1] or self.env.ref("cnas_base.user_agent2")
        contestation = self.env["cnas.contestation"].with_user(usager).with_context(cnas_jour=JourForce(jour)).create({
            "decompte_ligne_id": ligne.id, "montant_demande": ligne._montant_contestable(),
            "motif": "L'ordonnance et le compte rendu joints justifient la prestation."})
        if issue == "deposee":
            return
        decideur = contestation.with_user(self.env.ref("cnas_base.user_controleur2"))
        decideur.action_instruire()
        if issue == "acceptee":
            decideur.action_accepter()
        else:
            decideur.action_rejeter("La pièce jointe est postérieure aux soins.")

    def _constater_indu(self, jour):
        formation = self.env["cnas.formation_sanitaire"].search([("code", "=", PORTAIL[1])])
        if not formation:
            return
        contexte = {"cnas_jour": JourForce(jour)}
        indu = self.env["cnas.indu"].with_user(self.env.ref("cnas_base.user_controleur")).with_context(**contexte).create({
            "formation_id": formation.id, "compte": "pharmacie", "montant": 12500,
            "motif": "Médicaments facturés deux fois pour la même hospitalisation (contrôle sur place du 12/08/2026)."})
        indu.with_user(self.env.ref("cnas_base.user_superviseur")).action_notifier()

    def _rembourser_assures(self):
        """Deux remboursements directs : un payé, un en contrôle."""
        feuilles = self.env["cnas.feuille_soin"].search(
            [("mode", "=", "remboursement"), ("state", "=", "validee"), ("facture_id", "=", False)], limit=2, order="id")
        for rang, feuille in enumerate(feuilles):
            jour = date(2026, 11, 10)
            agent = self._comme("agent2" if feuille.create_uid.login == "agent" else "agent", jour)
            facture_id = agent.preparer_remboursement(feuille.assure_id.matricule, str(feuille.date_soins))
            agent.browse(facture_id).action_soumettre()
            facture = self._comme("controleur", jour).browse(facture_id)
            facture.action_controler()
            if rang or facture.nb_non_decidees:
                continue
            self._comme("superviseur", jour).browse(facture_id).action_valider()
            finance = self._comme("finance", jour).browse(facture_id)
            finance.action_ordonnancer()
            self._comme("finance", date(2026, 11, 12)).browse(facture_id).action_payer("2026-11-12", "MM-2026-0031")
