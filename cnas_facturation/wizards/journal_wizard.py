import base64

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.jour import aujourd_hui

TITRES = ("journal", "date", "piece", "compte", "tiers", "libelle", "debit", "credit")


class JournalWizard(models.TransientModel):
    """Exporte le journal comptable (CSV) des décomptes et des paiements d'une période.

    Chaque mouvement donne un débit et un crédit du même montant : le journal est équilibré par
    construction. Une contre-passation inverse débit et crédit.
    """

    _name = "cnas.journal.wizard"
    _description = "Journal comptable"

    date_debut = fields.Date(string="Du", required=True, default=lambda self: aujourd_hui().replace(day=1))
    date_fin = fields.Date(string="Au", required=True, default=lambda self: aujourd_hui())
    fichier = fields.Binary(string="Fichier", readonly=True, attachment=False)
    nom_fichier = fields.Char(string="Nom du fichier", readonly=True)

    def action_exporter(self):
        """Écrit le fichier dans l'assistant. Rend l'action qui le rouvre."""
        self.ensure_one()
        if not (self.env.su or self.user_has_groups("cnas_base.group_finance,cnas_base.group_superviseur")):
            raise UserError(_("Le journal comptable est réservé à la finance et aux superviseurs."))
        if self.date_fin < self.date_debut:
            raise UserError(_("La date de fin doit suivre la date de début."))
        self.env["cnas.ordre_paiement"]._journaliser_export(
            {"quoi": "journal_comptable", "du": str(self.date_debut), "au": str(self.date_fin)})
        self.write({
            "fichier": base64.b64encode(self._csv()),
            "nom_fichier": f"journal_{self.date_debut}_{self.date_fin}.csv"})
        return {"type": "ir.actions.act_window", "name": _("Journal comptable"), "res_model": self._name,
                "res_id": self.id, "view_mode": "form", "target": "new"}

    # ------------------------------------------------------------------ privé
    def _csv(self):
        return ecrire_csv(TITRES, self._ecritures())

    def _ecritures(self):
        """Rend les écritures, deux par mouvement, dans l'ordre des dates."""
        rangs, schemas = [], self.env["cnas.schema_comptable"].sudo().search([]).grouped("operation")
        choisir = self.env["cnas.schema_comptable"]._choisir
        for operation, jour, piece, tiers, montant, voie in sorted(self._mouvements(), key=lambda m: (m[1], m[2], m[0])):
            schema = choisir(schemas, operation, jour, voie=voie)
            debit, credit = schema.compte_debit, schema.compte_credit
            if montant < 0:
                debit, credit, montant = credit, debit, -montant
            libelle = schema.display_name
            rangs.append((schema.journal, jour.isoformat(), piece, debit, tiers, libelle, montant, 0))
            rangs.append((schema.journal, jour.isoformat(), piece, credit, tiers, libelle, 0, montant))
        return rangs

    def _mouvements(self):
        """Rend [(opération, date, pièce, tiers, montant entier, voie)] : décomptes, ordres payés, indus remboursés."""
        decomptes = self.env["cnas.decompte"].sudo().search([
            ("date_decompte", ">=", self.date_debut), ("date_decompte", "<=", self.date_fin)])
        mouvements = []
        for decompte in decomptes:
            tiers = decompte.formation_id.code or decompte.assure_id.matricule
            direct = decompte.mode == "remboursement"
            for operation, montant in (
                ("liquidation_assure", decompte.montant_cnas if direct else 0),
                ("liquidation_soins", 0 if direct else decompte.montant_soins),
                ("liquidation_pharmacie", 0 if direct else decompte.montant_pharmacie),
                ("complement", decompte.montant_complement), ("compensation", decompte.montant_compense),
            ):
                if montant:
                    mouvements.append((operation, decompte.date_decompte, decompte.numero, tiers, int(montant), False))
        ordres = self.env["cnas.ordre_paiement"].sudo().search([
            ("state", "=", "paye"), ("date_paiement", ">=", self.date_debut), ("date_paiement", "<=", self.date_fin)])
        for ordre in ordres:
            tiers = ordre.formation_id.code or ordre.assure_id.matricule
            mouvements.append((f"paiement_{ordre.compte}", ordre.date_paiement, ordre.numero, tiers, int(ordre.montant), ordre.nature))
        return mouvements + self._mouvements_indus()

    def _mouvements_indus(self):
        """Rend les remboursements d'indus reçus, et l'inverse de ceux qui furent annulés."""
        mouvements = []
        for champ, signe in (("date", 1), ("date_annulation", -1)):
            for recu in self.env["cnas.indu.reglement"].sudo().search(
                    [(champ, ">=", self.date_debut), (champ, "<=", self.date_fin)]):
                indu = recu.indu_id
                tiers = indu.formation_id.code or indu.assure_id.matricule or indu.employeur_id.matricule
                mouvements.append(("encaissement_indu", recu[champ], recu.numero, tiers, signe * int(recu.montant), False))
        return mouvements
