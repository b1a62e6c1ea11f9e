from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_nombre
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dire_a
from odoo.addons.cnas_base.lecture import lire_date, lire_entier

from ...lecture_feuille import TOTAL_MAX
from .actions import AGENT

AGENT_OU_FORMATION = (AGENT, "cnas_base.group_portail_formation")


@actions
class FeuilleSoin(models.Model):
    """Ce que la formation rectifie sur une feuille en instance : son total, la date de sortie. Le reste ne change plus."""

    _inherit = "cnas.feuille_soin"

    _actions = {
        "accepter_total": Action(titre=_lt("Accepter le total calculé"), de=("instance",), roles=AGENT_OU_FORMATION,
                                 empeche=("_total_concordant",), annonce=False),
        "corriger_total": Action(titre=_lt("Corriger le total"), de=("instance",), roles=AGENT_OU_FORMATION, seul=True),
        "dater_sortie": Action(titre=_lt("Dater la sortie"), de=("instance",), roles=AGENT_OU_FORMATION, seul=True,
                               empeche=("_sortie_datee",), annonce=False),
    }

    # ------------------------------------------------------------------ actions
    @transition("accepter_total")
    def action_accepter_total(self):
        """Prend pour total la somme des lignes ; la feuille repart si plus rien ne manque. Rend True."""
        self._rectifier(lambda self: _("Total accepté"), {feuille: {"total_declare": feuille.montant_facture} for feuille in self})

    @transition("corriger_total")
    def action_corriger_total(self, total=None):
        """Corrige le total écrit ; la feuille repart s'il est celui des lignes et que plus rien ne manque. Rend True.

        :param int total: en XAF
        """
        total = lire_entier(total, quoi=_("Le total"), minimum=1, maximum=TOTAL_MAX)
        self._rectifier(lambda self: _("Total corrigé"), {self: {"total_declare": total}})

    @transition("dater_sortie")
    def action_dater_sortie(self, date=None):
        """Dit le dernier jour d'une hospitalisation qui ne l'a pas. Rend True.

        :param date: date ou texte AAAA-MM-JJ, de l'entrée au jour du dépôt
        """
        sortie = lire_date(date, None)
        if not sortie or not self.date_soins <= sortie <= self.date_depot:
            raise UserError(_("La sortie se date entre le %(debut)s et le %(fin)s.",
                              debut=ecrire_date(self.date_soins), fin=ecrire_date(self.date_depot)))
        self._rectifier(lambda self: _("Sortie datée"), {self: {"date_fin_soins": sortie}})

    # ------------------------------------------------------------------ privé
    def _rectifier(self, ecrire, valeurs):
        """Écrit ce qui est rectifié, en garde l'avant, et remet dans le circuit les feuilles à qui plus rien ne manque.

        :param ecrire: fonction qui rend le motif, dans la langue du contrôleur : c'est lui qui lit le fil
        :param valeurs: {feuille: {champ: valeur}}
        """
        lignes, notes = [], {}
        for feuille, neuves in valeurs.items():
            motif = dire_a(feuille.sudo().controleur_id, feuille, ecrire)
            lignes.append({
                "modele": self._name, "res_id": feuille.id, "evenement": "rectification", "motif": motif,
                "avant": {champ: str(feuille.sudo()[champ] or "") for champ in neuves},
                "apres": {champ: str(valeur) for champ, valeur in neuves.items()}})
            notes[feuille.id] = _("%(motif)s : %(detail)s.", motif=motif, detail=", ".join(
                ecrire_nombre(v) if isinstance(v, (int, float)) else fields.Date.to_string(v) for v in neuves.values()))
            feuille.sudo()._ecrire(neuves)
        self.env["cnas.journal"]._ajouter(lignes)
        self.sudo()._message_log_batch(notes)
        self.sudo()._remettre_en_circuit()

    def _total_concordant(self):
        """Rend {id: phrase} de celles dont le total est déjà celui des lignes."""
        return {f.id: _("le total déclaré est déjà celui des lignes.") for f in self
                if f.total_declare in (0, f.montant_facture)}

    def _sortie_datee(self):
        """Rend {id: phrase} de celles à qui il ne manque pas de date de sortie."""
        return {f.id: _("elle a sa date de sortie, ou n'est pas une hospitalisation.") for f in self
                if f.date_fin_soins or f.type_soins != "hospitalisation"}
