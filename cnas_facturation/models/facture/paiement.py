from markupsafe import Markup

from odoo import SUPERUSER_ID, _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_base.impression.langue import dans_la_langue_de
from odoo.addons.cnas_base.jour import aujourd_hui, jour_de
from odoo.addons.cnas_base.lecture import lire_date

from .dossier import ORDRES_VIVANTS, beneficiaire


class FacturePaiement(models.Model):
    """Ordonnancement et paiement : deux ordres, RIB figé, tout ou rien."""

    _inherit = "cnas.facture"

    @transition("ordonnancer")
    def action_ordonnancer(self):
        """Ordonnance la facture : un ordre pour le compte principal, un pour le compte pharmacie.

        Le RIB est recopié dans l'ordre et ne suivra plus la fiche de la formation. Rend True.
        """
        self._verrouiller()
        self._changer_etat(
            "ordonnancee", ordonnateur_id=self.env.uid, date_ordonnancement=fields.Datetime.now())
        self.flush_recordset()
        self.env["cnas.ordre_paiement"].sudo()._emettre(self)

    @transition("annuler_ordonnancement")
    def action_annuler_ordonnancement(self, motif=None):
        """Annule les ordres non payés, ceux que la banque a rendus compris : la facture redevient validée.

        :return: True, ou l'action de l'assistant de motif
        """
        self._verrouiller()
        ordres = self.sudo().ordre_ids
        ordres.filtered(lambda o: o.state in ("emis", "en_lot"))._changer_etat("annule", motif_rejet=motif, lot_id=False)
        # Rendu par la banque, il reste sur le lot où elle l'a lu, mais ne se réémettra pas.
        ordres.filtered(lambda o: o.state == "rejete" and not o.remplacant_ids)._changer_etat("annule", motif_rejet=motif)
        self._changer_etat("validee", ordonnateur_id=False, date_ordonnancement=False)
        for facture in self.sudo():
            facture.message_post(body=_("Ordonnancement annulé : %s", motif))

    @transition("payer")
    def action_payer(self, date=None, reference=None):
        """Constate le paiement de toute la facture (jamais d'une partie).

        :param str date: date d'exécution par la banque, « AAAA-MM-JJ »
        :param str reference: référence du virement
        :return: True, ou l'assistant de paiement si la date et la référence manquent (bouton)
        :raise UserError: date ou référence fausse, ordre rejeté par la banque
        """
        if not date and not reference:
            return self._assistant_paiement()
        jour, texte = self._lire_paiement(date, reference)
        self._verrouiller()
        for facture in self:
            facture._exiger_date_paiement(jour)
        ordres = self.sudo().ordre_ids.filtered(lambda o: o.state in ("emis", "en_lot", "transmis"))
        ordres._constater_paiement(dict.fromkeys(ordres.ids, (jour, texte)))
        self._constater_paiement(jour, texte)
        reste = self.filtered(lambda f: f.state != "payee")
        if reste:
            raise UserError(_(
                "La facture %s garde un ordre rejeté par la banque : réémettez-le avant de payer.",
                reste[0].numero))

    def action_voir_ordres(self):
        """Ouvre les ordres de paiement de la facture. Rend une action de fenêtre."""
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_facturation.ordre_paiement_action")
        return {**action, "domain": [("facture_id", "in", self.ids)], "context": {}}

    # ------------------------------------------------------------------ gardes
    def _empeche_payeur(self):
        """Qui peut payer, et le seul lieu qui le dit : rend {id: raison} des factures que l'usager ne paie pas.

        Ni qui a ordonnancé, ni qui a émis (ou réémis) un ordre vivant, ni qui a décidé du RIB. Le paiement de la
        facture le lit, et le lot qu'on prépare, transmet ou exécute.
        """
        raisons = self._empeche_decideur_du_rib()
        for facture in self.sudo() if self.env.uid != SUPERUSER_ID else ():
            vivants = facture.ordre_ids.filtered(lambda o: o.state in ORDRES_VIVANTS)
            if self.env.user in facture.ordonnateur_id | vivants.create_uid:
                raisons[facture._origin.id] = _(
                    "Quatre yeux : vous avez ordonnancé %s ou réémis l'un de ses ordres, une autre personne doit payer.",
                    facture.numero)
        return raisons

    def _empeche_rib(self):
        """Rend {id: raison} des factures dont un ordre, pas encore chez la banque, vise un RIB qui n'est plus sûr."""
        ordres = self.sudo().ordre_ids.filtered(lambda o: o.state in ("emis", "en_lot"))
        raisons = ordres._empeche_rib()
        return {ordre.facture_id.id: raisons[ordre.id] for ordre in ordres if ordre.id in raisons}

    def _empeche_decideur_du_rib(self):
        """Rend {id: raison} des factures dont l'usager a décidé le compte payé : RIB de la formation, ou compte de l'assuré."""
        decideurs, comptes = self.sudo().formation_id._decideurs_du_rib(), self._comptes_du_jour()
        raisons = {}
        for facture in self.sudo():
            qui = beneficiaire(facture)
            payes = comptes.get(facture, self.env["cnas.compte_paiement"]) | facture.ordre_ids.compte_paiement_id
            if self.env.uid in {*decideurs.get(facture.formation_id.id, ()), *payes.decideur_id.ids}:
                raisons[facture._origin.id] = _(
                    "Quatre yeux : vous avez décidé du RIB de %s, une autre personne doit ordonnancer et payer.", qui.name)
        return raisons

    def _comptes_du_jour(self):
        """Rend {facture: compte de paiement en vigueur de qui elle paie}, une requête pour les assurés, une pour les formations."""
        qui, comptes = {facture: beneficiaire(facture) for facture in self.sudo()}, {}
        for modele in {titulaire._name for titulaire in qui.values()}:
            comptes.update(self.env["cnas.compte_paiement"]._du_jour(
                self.env[modele].union(*(titulaire for titulaire in qui.values() if titulaire._name == modele))))
        return {facture: comptes[titulaire] for facture, titulaire in qui.items() if titulaire in comptes}

    def _empeche_chez_le_banquier(self):
        """Rend {id: raison} des factures dont un ordre est payé, dans un lot transmis, ou signé : son fichier a pu partir."""
        partis = self.sudo().ordre_ids.filtered(lambda o: o.state in ("transmis", "paye"))
        return self._empeche_lot_signe() | {
            ordre.facture_id.id: _("l'ordre %s est déjà chez le banquier : attendez son exécution ou son rejet.", ordre.numero)
            for ordre in partis}

    def _empeche_lot_signe(self):
        """Rend {id: raison} des factures dont un ordre est dans un lot signé : payé ou annulé à part, il partirait deux fois."""
        signes = self.sudo().ordre_ids.filtered(lambda o: o.state == "en_lot" and o.lot_id.state == "signe")
        return {ordre.facture_id.id: _("l'ordre %(ordre)s est dans le lot signé %(lot)s : transmettez ce lot, ou annulez-le d'abord.",
                                       ordre=ordre.numero, lot=ordre.lot_id.numero) for ordre in signes}

    # ------------------------------------------------------------------ privé
    def _assistant_paiement(self):
        return {
            "type": "ir.actions.act_window", "name": _("Payer"), "res_model": "cnas.paiement.wizard",
            "view_mode": "form", "target": "new",
            "context": {"default_facture_ids": [(6, 0, self.ids)]},
        }

    def _lire_paiement(self, date, reference):
        """Rend (date, référence) vérifiées.

        :raise UserError: date absente, illisible ou future ; référence vide ou trop longue
        """
        jour = lire_date(date, stricte=True, quoi=_("Date du paiement"))
        if jour > aujourd_hui():
            raise UserError(_("La date du paiement (%s) est à venir : indiquez la date d'exécution par la banque.",
                              ecrire_date(jour)))
        texte = str(reference or "").strip()
        if not texte or len(texte) > 64:
            raise UserError(_("Indiquez la référence du virement (64 caractères au plus)."))
        return jour, texte

    def _exiger_date_paiement(self, jour):
        """Refuse une date de paiement antérieure à l'ordonnancement, à l'ordre (réémis, peut-être) ou à sa remise à la banque."""
        ordonnee = jour_de(self.date_ordonnancement)
        if jour < ordonnee:
            raise UserError(_(
                "La facture %(numero)s a été ordonnancée le %(jour)s : elle n'a pas pu être payée avant.",
                numero=self.numero, jour=ecrire_date(ordonnee)))
        self.sudo().ordre_ids.filtered(lambda o: o.state in ("emis", "en_lot", "transmis"))._exiger_date(jour)

    def _constater_paiement(self, jour=None, reference=None):
        """Passe à « payée » les factures dont tous les ordres vivants sont payés au franc, et leurs feuilles.

        :param jour, reference: ceux d'une facture sans ordre ; les autres prennent ceux de leurs ordres
        """
        self.flush_recordset()
        self.env["cnas.ordre_paiement"].flush_model()
        self.env.cr.execute("""
            UPDATE cnas_facture f SET date_paiement = COALESCE(p.jour, %s), reference_paiement = COALESCE(p.reference, %s)
              FROM (SELECT f.id, MAX(o.date_paiement) AS jour, STRING_AGG(DISTINCT o.reference_paiement, ', ') AS reference
                      FROM cnas_facture f LEFT JOIN cnas_ordre_paiement o ON o.facture_id = f.id AND o.state = 'paye'
                     WHERE f.id IN %s GROUP BY f.id HAVING COALESCE(SUM(o.montant), 0) = f.net_a_payer) AS p
             WHERE f.id = p.id RETURNING f.id""", (jour, reference, tuple(self.ids)))
        soldees = self.browse([facture_id for facture_id, in self.env.cr.fetchall()])
        if not soldees:
            return
        soldees.invalidate_recordset(["date_paiement", "reference_paiement"])
        soldees._changer_etat("payee", payeur_id=self.env.uid)
        feuilles = self.env["cnas.feuille_soin"].sudo().search(
            [("facture_id", "in", soldees.ids), ("state", "=", "validee")])
        if feuilles:
            feuilles._changer_etat("payee")
        soldees._informer_paiement()

    def _informer_paiement(self):
        """Dit le paiement à qui l'a reçu : un avis par assuré ; une formation, un seul pour toutes ses factures d'un lot."""
        avis, directes = self.env["cnas.avis"], self.sudo().filtered(lambda f: f.mode == "remboursement")
        avis._donner_en_nombre([
            (facture, beneficiaire(facture), lambda self: self._avis(*self._avis_de_paiement()), facture._lien()) for facture in directes])
        for formation, factures in (self.sudo() - directes).grouped("formation_id").items():
            if len(factures) == 1:
                factures._informer(type(self)._avis_de_paiement)
                continue
            with dans_la_langue_de(formation, factures[1:]) as suivantes:
                suivantes._message_log_batch({facture.id: " : ".join(facture._avis_de_paiement()) for facture in suivantes})
            avis._donner(
                factures[0], formation, lambda self, toutes=factures: toutes.with_env(self.env)._avis_des_paiements(),
                f"{formation.get_base_url()}/my/formation/factures", factures[0]._partenaires_formation())

    def _avis_de_paiement(self):
        return _("Facture payée"), _(
            "%(montant)s payés le %(jour)s, référence %(reference)s (%(ordres)s).", montant=ecrire_montant(self.net_a_payer),
            jour=ecrire_date(self.date_paiement), reference=self.reference_paiement,
            ordres=", ".join(self.ordre_ids.filtered(lambda o: o.state == "paye").mapped("numero")))

    def _avis_des_paiements(self):
        return (_("Factures payées"), Markup("<br/>").join(f"{facture.numero} : {facture._avis_de_paiement()[1]}" for facture in self),
                _("%s factures payées.", len(self)))

    def _rouvrir_apres_rejet_banque(self):
        """Une banque a rendu un virement déjà constaté : la facture redevient ordonnancée."""
        payees = self.filtered(lambda f: f.state == "payee")
        if not payees:
            return
        payees._changer_etat("ordonnancee", date_paiement=False, reference_paiement=False, payeur_id=False)
        feuilles = self.env["cnas.feuille_soin"].sudo().search(
            [("facture_id", "in", payees.ids), ("state", "=", "payee")])
        feuilles._changer_etat("validee", motif_journal=_("Virement rendu par la banque"))
