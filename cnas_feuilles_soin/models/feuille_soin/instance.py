from datetime import timedelta

from odoo import _, api, fields, models

from odoo.addons.cnas_base.impression.langue import dans_la_langue_de
from odoo.addons.cnas_base.jour import aujourd_hui


class FeuilleSoin(models.Model):
    """Mise en instance : demandes de pièces datées, relances, rejet à l'échéance."""

    _inherit = "cnas.feuille_soin"

    demande_ids = fields.One2many("cnas.demande_pieces", "feuille_id", string="Demandes de pièces",
                                  groups="cnas_base.group_agent,cnas_base.group_medecin_conseil,cnas_base.group_portail_formation")

    # ------------------------------------------------------------------ métier
    def _ouvrir_demandes(self, manques, limite=False):
        """Ouvre une demande par feuille et date l'échéance.

        :param manques: {feuille_id: [ce qui manque…]}
        :param limite: à fournir avant ce jour ; vide : le délai réglé
        """
        if not self:
            return
        limite = limite or aujourd_hui() + timedelta(days=self.env["cnas.parametre"]._au("delai_instance_jours"))
        self.env["cnas.demande_pieces"].sudo()._creer([{
            "feuille_id": feuille.id,
            "motif": ", ".join(manques[feuille.id]),
            "date_limite": limite,
            "demandee_par_id": self.env.uid,
        } for feuille in self])
        self.sudo()._ecrire({"date_limite_instance": limite}, suivi=False)

    def _fermer_demandes(self, issue):
        """Ferme les demandes encore ouvertes des feuilles (`satisfaite`, `echue` ou `abandonnee`)."""
        ouvertes = self.env["cnas.demande_pieces"].sudo().search(
            [("feuille_id", "in", self.ids), ("state", "=", "en_attente")])
        if ouvertes:
            ouvertes._changer_etat(issue, date_fermeture=aujourd_hui())

    # ------------------------------------------------------------------ tâches planifiées
    @api.model
    def _relancer_instances(self):
        """Relance les formations dont l'échéance approche (tâche quotidienne)."""
        aujourdhui = aujourd_hui()
        au = self.env["cnas.parametre"]._au
        seuil = aujourdhui + timedelta(days=au("relance_avant_jours", aujourdhui))
        derniere = aujourdhui - timedelta(days=au("relance_intervalle_jours", aujourdhui))
        demandes = self.env["cnas.demande_pieces"].sudo().search([
            ("state", "=", "en_attente"), ("date_limite", ">=", aujourdhui), ("date_limite", "<=", seuil),
            ("relances", "<", au("relances_max", aujourdhui)),
            "|", ("date_relance", "=", False), ("date_relance", "<=", derniere),
        ])
        for fois, lot in demandes.grouped("relances").items():
            lot._ecrire({"relances": fois + 1, "date_relance": aujourdhui})
        demandes.feuille_id._prevenir_formation(lambda self: _("Relance : pièces attendues"))
        return len(demandes)

    @api.model
    def _rejeter_instances_echues(self):
        """Rejette ce qui est resté en instance au-delà de l'échéance (tâche quotidienne)."""
        echues = self.sudo().search([
            ("state", "=", "instance"), ("date_limite_instance", "<", aujourd_hui())])
        for lot in range(0, len(echues), 500):
            feuilles = echues[lot:lot + 500]
            feuilles._rejeter(_("Pièces non fournies dans le délai"))
            feuilles._prevenir_formation(lambda self: _("Dossier rejeté : pièces non fournies dans le délai"))
        return len(echues)

    def _prevenir_formation(self, ecrire):
        """Écrit à la formation (courriel de sa fiche) ce qui est attendu, dans sa langue ; sans courriel, une note suffit.

        :param ecrire: fonction qui reçoit le dossier et rend le sujet dans sa langue
        """
        gabarit = self.env.ref("cnas_feuilles_soin.courriel_demande_pieces", raise_if_not_found=False)
        joignables = self.sudo().filtered("formation_id.email")
        for feuille in joignables if gabarit else ():
            with dans_la_langue_de(feuille.formation_id, feuille) as dite:
                gabarit.sudo().with_context(cnas_sujet=ecrire(dite)).send_mail(feuille.id, force_send=False)
        self.sudo()._message_log_batch(dict.fromkeys(self.ids, ecrire(self)))
