import base64
from datetime import timedelta
from random import Random

from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_formations.rib import composer_rib

from ..calendrier import en_ce_jour
from .envois import Envois
from .etape import Etape

PORTAIL = ("CS-ABE-01", "HD-BON-01")
MOIS_RACONTES = 20


class Facturation(Etape):
    """Factures du jeu d'essai : vingt mois d'histoire, tous les états, par les vraies actions, chacune à son jour."""

    def charger(self):
        """Prépare, contrôle, valide, paie, conteste, compense, mois après mois ; tout est daté du mois suivant."""
        self._etoffer_feuilles()
        self.gagnee = False
        self.env["cnas.parametre"]._dater(
            "compte_debite_banque", composer_rib("60001", "00001", f"{20260001:011d}"), self.calendrier.mois(MOIS_RACONTES))
        formations = self.env["cnas.feuille_soin"]._read_group(
            [("state", "not in", ("brouillon", "annulee")), ("mode", "=", "tiers_payant")], ["formation_id"])
        formations = sorted((f for f, in formations), key=lambda f: (f.code not in PORTAIL, f.code))
        for recul in reversed(range(MOIS_RACONTES)):
            factures = [
                self._mener_facture(formation, recul, rang) for rang, formation in enumerate(formations)
                if recul < 4 or formation.code in PORTAIL]
            self._payer_par_lot([f for f in factures if f], recul)
            self._raconter_recours(recul)
        self._rembourser_assures()
        # Un indicateur en alerte appelle quelqu'un.
        self.env["cnas.seuil_pilotage"].search([]).responsable_id = self.usager("superviseur")

    def _etoffer_feuilles(self):
        """Dépose et contrôle une centaine de feuilles de plus pour les deux formations du portail."""
        hasard = Random(31)
        envois = Envois(self.env, self.calendrier)
        composes = []
        for rang in range(1001, 1101):
            soins = self.calendrier.jour(147 - hasard.randrange(0, 130))
            formation = next(f for f in envois.formations if f.code == PORTAIL[rang % 2])
            envoi = {
                **envois.composer(hasard, rang, formation, soins),
                "date_depot": str(min(soins + timedelta(days=6), self.calendrier.jour(7))), "mode": "tiers_payant"}
            if rang % 9 == 0:
                envoi["mode"] = "remboursement"
                envoi["pieces"] = [envois.numeriser(envoi, sorte) for sorte in ("ORDONNANCE", "FACTURE")]
            composes.append(envoi)
        resultats = self.comme("agent2", "cnas.feuille_soin").importer(composes)
        feuilles = self.env["cnas.feuille_soin"].browse([r["id"] for r in resultats if r["id"]])
        feuilles.filtered(lambda f: f.state == "deposee" and f.date_soins < self.calendrier.jour(36)).with_user(
            self.usager("controleur")).action_controler()
        self._vieillir(feuilles)

    def _vieillir(self, feuilles):
        """Les décisions se prennent en deux à treize jours, pas toutes le jour où la démonstration se charge."""
        self.env.flush_all()
        self.env.cr.execute("""
            UPDATE cnas_feuille_soin SET date_decision = LEAST(date_depot + ((id %% 12) + 2) * interval '1 day' + interval '9 hours',
                                                               now() AT TIME ZONE 'UTC')
             WHERE id = ANY(%s) AND date_decision IS NOT NULL""", [feuilles.ids])
        self.env.invalidate_all()

    def _le(self, recul, quantieme):
        """Fait d'aujourd'hui le `quantieme` du mois qui suit le mois facturé (au plus tard le vrai aujourd'hui)."""
        return en_ce_jour(self.calendrier.borner(self.calendrier.mois(recul - 1, quantieme)))

    # ------------------------------------------------------------------ une facture
    def _mener_facture(self, formation, recul, rang):
        """Prépare la facture du mois et la mène aussi loin que son âge le veut ; rend la facture ou rien."""
        mois = self.calendrier.mois(recul)
        try:
            facture_id = self.comme("agent", "cnas.facture").preparer(formation.code, str(mois))
        except UserError:
            return None
        facture = self.env["cnas.facture"].browse(facture_id)
        cible = self._cible(formation, recul, rang)
        if cible == "brouillon" or not self._soumettre(facture.with_user(self.usager("agent")), recul) or cible == "soumise":
            return facture
        if cible == "rejetee":
            with self._le(recul, 9):
                facture.with_user(self.usager("controleur")).action_rejeter("Bordereau non signé par le responsable de la formation.")
        elif self._controler(facture.with_user(self.usager("controleur")), recul, cible) and cible != "controle":
            with self._le(recul, 14):
                facture.with_user(self.usager("superviseur")).action_valider()
            if cible != "validee" and not facture.close:
                with self._le(recul, 18):
                    facture.with_user(self.usager("finance")).action_ordonnancer()
        return facture

    def _soumettre(self, facture, recul):
        """Soumet la facture entre le 3 et le 8 ; l'annule et rend faux si tout y est en instance."""
        with self._le(recul, 3 + (recul + facture.id) % 6):
            facture.action_reporter_instances()
            if not facture.nb_feuilles:
                facture.action_annuler("Toutes les feuilles sont en instance : reportées au mois suivant.")
                return False
            facture.write({"numero_formation": f"{facture.periode:%m%y}/{facture.formation_id.code}",
                           "montant_declare": facture.montant_facture})
            facture.action_soumettre()
            return True

    def _controler(self, facture, recul, cible):
        """Contrôle la facture le 9, et en retire ce qui attend encore ; l'annule et rend faux si rien n'est décidé."""
        with self._le(recul, 9):
            facture.action_controler()
            facture.action_reporter_instances()
            if cible == "controle":
                return True
            attente = facture.feuille_ids.filtered(lambda f: f.state not in ("validee", "rejetee"))
            if attente:
                facture.action_retirer_feuilles(attente.ids, "Décision attendue : facturée quand elle sera rendue.")
            if not facture.nb_feuilles:
                facture.action_annuler("Aucune feuille décidée ce mois-ci.")
                return False
            if facture.peut_accepter_ecart:
                facture.action_accepter_ecart()
            return True

    def _cible(self, formation, recul, rang):
        """Rend l'état où laisser la facture selon son âge ; le paiement se fait par lot, ensuite."""
        if recul == 0:
            return "brouillon" if formation.code[:2] in ("HP", "HR") or formation.code == PORTAIL[1] else "soumise"
        if recul == 1:
            return ("validee", "controle", "soumise", "ordonnancee", "rejetee")[rang % 5]
        return "ordonnancee"

    # ------------------------------------------------------------------ paiement
    def _payer_par_lot(self, factures, recul):
        """Vire les factures ordonnancées du mois ; le virement de l'avant-dernier mois attend la banque."""
        a_payer = self.env["cnas.facture"].concat(*factures).filtered(lambda f: f.state == "ordonnancee")
        if not a_payer or recul < 2:
            return
        payeur = self.usager("finance2")
        # La trésorerie a manqué un trimestre : les délais ne sont pas tous les mêmes.
        paiement = self.calendrier.borner(self.calendrier.mois(recul - 1, 45 + recul if recul in (7, 8, 9) else 22 + recul * 5 % 7))
        emis = a_payer.ordre_ids.filtered(lambda o: o.state == "emis").with_user(payeur)
        if emis:
            with self._le(recul, 20):
                emis.action_creer_lot()
                lots = emis.lot_id.with_user(payeur)
                lots.with_user(self.usager("finance")).action_signer()
                lots.action_transmettre()
            if recul == 2:
                return
            with en_ce_jour(paiement):
                if recul == 3:
                    self._lire_retours(lots, paiement)
                for lot in lots.filtered(lambda lot: lot.state == "transmis"):
                    lot.action_executer(str(paiement), f"BEAC-{paiement:%Y%m}-{lot.id:04d}")

    def _lire_retours(self, lots, jour):
        """La banque rend son fichier : un ordre rejeté, que l'ordonnateur réémet ; il attend un nouveau lot."""
        rejete = lots.ordre_ids.sorted("numero")[:1]
        for lot in lots:
            rangs = [(o.numero, int(o.montant), "Rejeté" if o == rejete else "Payé", str(jour), f"BEAC-{jour:%Y%m}-{o.id:05d}",
                      "Compte clos" if o == rejete else "") for o in lot.ordre_ids.sorted("numero")]
            fichier = ecrire_csv(("ordre", "montant", "statut", "date", "reference", "motif"), rangs)
            lot.importer_retour(base64.b64encode(fichier).decode(), f"retour_{lot.numero.replace('/', '-')}.csv")
        rejete.with_user(self.usager("finance")).action_reemettre()

    # ------------------------------------------------------------------ recours, indus, remboursements
    def _raconter_recours(self, recul):
        """Deux recours décidés au fil de l'eau, un en cours, un indu compensé."""
        if 4 < recul <= 9 and not self.gagnee:
            self.gagnee = self._contester(self.calendrier.mois(recul - 1, 20), "acceptee")
        elif recul == 4:
            self._contester(self.calendrier.mois(3, 21), "rejetee")
            self._constater_indu(self.calendrier.mois(3, 25))
        elif recul == 1:
            self._contester(self.calendrier.borner(self.calendrier.mois(0, 18)), "deposee")

    def _contester(self, jour, issue):
        """Conteste, au nom d'une formation, la plus grosse ligne rejetée ou abattue encore contestable ; dit s'il y en avait une."""
        ligne = self.env["cnas.decompte.ligne"].search([
            ("decompte_id.date_limite_recours", ">=", jour), ("decompte_id.date_decompte", "<=", jour),
            ("decompte_id.state", "=", "emis"), ("decision", "in", ("rejetee", "abattue")),
            ("id", "not in", self.env["cnas.contestation"].search([]).decompte_ligne_id.ids)],
            order="montant_rejete desc, id", limit=1)
        if not ligne:
            return False
        usager = ligne.formation_id.user_ids[:1] or self.usager("agent2")
        with en_ce_jour(jour):
            contestation = self.env["cnas.contestation"].with_user(usager).create({
                "decompte_ligne_id": ligne.id, "montant_demande": ligne._montant_contestable(),
                "motif": "L'ordonnance et le compte rendu joints justifient la prestation."})
            decideur = contestation.with_user(self.usager("controleur2"))
            if issue == "deposee":
                return True
            decideur.action_instruire()
            if issue == "acceptee":
                decideur.action_accepter()
            else:
                decideur.action_rejeter("La pièce jointe est postérieure aux soins.")
        return True

    def _constater_indu(self, jour):
        formation = self.env["cnas.formation_sanitaire"].search([("code", "=", PORTAIL[1])])
        controle = jour - timedelta(days=13)
        with en_ce_jour(jour):
            indu = self.comme("controleur", "cnas.indu").create({
                "formation_id": formation.id, "compte": "pharmacie", "montant": 12500,
                "motif": f"Médicaments facturés deux fois pour la même hospitalisation (contrôle sur place du {controle:%d/%m/%Y})."})
            indu.with_user(self.usager("superviseur")).action_notifier()
            indu.with_user(self.usager("finance")).action_encaisser(2500, "versement", str(jour), f"BV-{jour:%Y%m%d}")

    def _rembourser_assures(self):
        """Deux remboursements directs : un payé, un en contrôle."""
        feuilles = self.env["cnas.feuille_soin"].search(
            [("mode", "=", "remboursement"), ("state", "=", "validee"), ("facture_id", "=", False)], limit=2, order="id")
        emission, paiement = self.calendrier.jour(15), self.calendrier.jour(13)
        for rang, feuille in enumerate(feuilles):
            # Un ayant droit se rembourse à son principal.
            self._ouvrir_compte(feuille.assure_id.assure_principal_id or feuille.assure_id, emission - timedelta(days=10), f"66 20 30 {rang + 40}")
            agent = self.comme("agent2" if feuille.create_uid.login == "agent" else "agent", "cnas.facture")
            with en_ce_jour(emission):
                facture = agent.browse(agent.preparer_remboursement(feuille.assure_id.matricule, str(feuille.date_soins)))
                facture.action_soumettre()
                facture.with_user(self.usager("controleur")).action_controler()
                if rang or facture.nb_non_decidees:
                    continue
                facture.with_user(self.usager("superviseur")).action_valider()
                facture.with_user(self.usager("finance")).action_ordonnancer()
            with en_ce_jour(paiement):
                facture.with_user(self.usager("finance2")).action_payer(str(paiement), f"MM-{paiement.year}-0031")

    def _ouvrir_compte(self, assure, jour, numero):
        """Un compte mobile demandé par l'agent, accepté par le superviseur : le téléphone de la fiche ne paie pas."""
        with en_ce_jour(jour):
            compte = self.comme("agent", "cnas.compte_paiement").create({
                "assure_id": assure.id, "nature": "airtel", "numero": numero})
            compte.with_user(self.usager("superviseur")).action_accepter()
