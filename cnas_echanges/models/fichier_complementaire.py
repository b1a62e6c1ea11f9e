import base64
import binascii

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_assures.cle_signature import base64url
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .. import noemie
from .affiliation_complementaire import SQL_CONSENTIE

ROLES = ("cnas_base.group_superviseur", "cnas_base.group_finance")
LIGNES_MAX = 50_000
# Les lignes décidées, jamais présentées, des affiliés consentants au jour des soins ; ce qui leur reste à payer, rejets exclus.
SQL_A_PRESENTER = f"""
SELECT c.id, l.feuille_id, l.id, (COALESCE(l.ticket_moderateur, 0) + COALESCE(l.depassement, 0))::bigint
  FROM cnas_feuille_soin f
  JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id AND l.decision IN ('acceptee', 'abattue')
  JOIN cnas_affiliation_complementaire c ON c.organisme_id = %s AND {SQL_CONSENTIE}
 WHERE f.state IN ('validee', 'payee') AND COALESCE(l.ticket_moderateur, 0) + COALESCE(l.depassement, 0) > 0
   AND NOT EXISTS (SELECT FROM cnas_prise_complementaire p WHERE p.ligne_id = l.id)
 ORDER BY f.numero, l.sequence, l.id LIMIT %s
"""


@actions
class FichierComplementaire(models.Model):
    """Le fichier signé d'un jour pour un organisme : les lignes décidées de ses seuls affiliés consentants.

    États : préparé → transmis → accepté ou refusé (l'accusé de l'organisme) ; accepté, son retour dit ce qu'il prend.
    Refusé, il se retransmet, corrigé ou non chez l'organisme : ses lignes restent les siennes. Le superviseur et la finance
    mènent ; les agents lisent, sans le fichier. Ni diagnostic, ni nom : matricule, dossier, prestation, montants.
    """

    _name = "cnas.fichier_complementaire"
    _description = "Fichier d'un complémentaire"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread"]
    _order = "jour desc, id desc"
    _rec_name = "numero"
    _etat_initial = "prepare"
    _actions = {
        "transmettre": Action(titre=_lt("Noter la transmission"), de=("prepare", "refuse"), vers=("transmis",), roles=ROLES, seul=True),
        "accepter": Action(titre=_lt("Accusé positif"), de=("transmis",), vers=("accepte",), roles=ROLES, seul=True),
        "refuser": Action(titre=_lt("Accusé négatif"), de=("transmis",), vers=("refuse",), roles=ROLES, seul=True, motif=True),
        "importer_retour": Action(titre=_lt("Importer le retour"), de=("transmis", "accepte"), roles=ROLES, seul=True, annonce=False),
    }
    _champs_geles = ("numero", "organisme_id", "jour", "fichier", "empreinte", "signature", "motif_refus", "date_transmission", "date_accuse")
    _champs_journal = ("organisme_id", "jour", "empreinte", "state")

    numero = fields.Char(string="Numéro", required=True, readonly=True, copy=False)
    organisme_id = fields.Many2one("cnas.complementaire", string="Organisme", required=True, readonly=True, ondelete="restrict", index=True)
    jour = fields.Date(string="Jour", required=True, readonly=True)
    state = fields.Selection(
        [("prepare", "Préparé"), ("transmis", "Transmis"), ("accepte", "Accepté"), ("refuse", "Refusé")], string="État", default="prepare",
        required=True, readonly=True, tracking=True, copy=False, index=True)
    fichier = fields.Binary(string="Fichier signé", readonly=True, copy=False, attachment=False,
                            groups="cnas_base.group_superviseur,cnas_base.group_finance")
    nom_fichier = fields.Char(string="Nom du fichier", compute="_compute_nom_fichier")
    empreinte = fields.Char(string="Empreinte SHA-256", readonly=True, copy=False)
    signature = fields.Char(string="Signature", readonly=True, copy=False)
    prise_ids = fields.One2many("cnas.prise_complementaire", "fichier_id", string="Lignes", readonly=True)
    nb_lignes = fields.Integer(string="Nombre de lignes", compute="_compute_totaux")
    montant_presente = fields.Monetary(string="Reste présenté", compute="_compute_totaux")
    montant_pris = fields.Monetary(string="Pris en charge", compute="_compute_totaux")
    date_transmission = fields.Date(string="Transmis le", readonly=True, copy=False)
    date_accuse = fields.Date(string="Accusé du", readonly=True, copy=False)
    motif_refus = fields.Char(string="Motif du refus", readonly=True, copy=False)

    _sql_constraints = [("numero_unique", "UNIQUE (numero)", "Ce numéro de fichier est déjà pris.")]

    @api.depends("numero")
    def _compute_nom_fichier(self):
        for fichier in self:
            fichier.nom_fichier = f"{(fichier.numero or '').replace('/', '-')}.txt"

    @api.depends("prise_ids.montant_pris")
    def _compute_totaux(self):
        totaux = {fichier.id: (nombre, presente, pris) for fichier, nombre, presente, pris in self.env["cnas.prise_complementaire"].sudo()._read_group(
            [("fichier_id", "in", self.ids)], ["fichier_id"], ["__count", "montant_presente:sum", "montant_pris:sum"])}
        for fichier in self:
            fichier.nb_lignes, fichier.montant_presente, fichier.montant_pris = totaux.get(fichier.id, (0, 0, 0))

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("numero",)):
            raise UserError(_("Un fichier se prépare depuis la fiche de l'organisme."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Un fichier préparé se garde : ses lignes ne se présentent qu'une fois."))

    # ------------------------------------------------------------------ actions
    @transition("transmettre")
    def action_transmettre(self):
        """Note que le fichier signé est remis à l'organisme. Rend True."""
        self._changer_etat("transmis", date_transmission=aujourd_hui(), motif_refus=False)

    @transition("accepter")
    def action_accepter(self):
        """Note l'accusé positif. Rend True."""
        self._changer_etat("accepte", date_accuse=aujourd_hui())

    @transition("refuser")
    def action_refuser(self, motif=None):
        """Note l'accusé négatif et son motif. Rend True, ou l'assistant sans motif."""
        self._changer_etat("refuse", date_accuse=aujourd_hui(), motif_refus=motif)

    def action_ouvrir_retour(self):
        """Ouvre l'assistant qui reçoit l'accusé ou le retour."""
        self.ensure_one()
        self._exiger("importer_retour")
        return {"type": "ir.actions.act_window", "name": _("Retour de l'organisme"), "res_model": "cnas.retour_complementaire.wizard",
                "view_mode": "form", "target": "new", "context": {"default_fichier_id": self.id}}

    def importer_retour(self, fichier_b64):
        """Lit l'accusé (lignes 010) ou le retour (lignes 200) de l'organisme ; rejoué, il ne change rien.

        :param str fichier_b64: le fichier, en base64
        :return: {"pris", "deja_vus", "inconnus", "refuses": [phrase…]}
        :raise UserError: fichier illisible, ou d'un autre numéro
        """
        self._exiger("importer_retour")
        try:
            contenu = base64.b64decode(fichier_b64 or "", validate=True)
        except (binascii.Error, ValueError, TypeError) as erreur:
            raise UserError(_("Le contenu n'est pas du base64 lisible.")) from erreur
        lues = noemie.lire_fichier(contenu)
        for genre, valeurs in lues:
            if genre == "010":
                self._recevoir_accuse(valeurs)
        return self._recevoir_prises([valeurs for genre, valeurs in lues if genre == "200"])

    # ------------------------------------------------------------------ préparer
    @api.model
    def _preparer_du_jour(self):
        """Tâche quotidienne : le fichier de chaque organisme actif qui a des lignes nouvelles."""
        self.sudo()._preparer(self.env["cnas.complementaire"].sudo().search([]))

    @api.model
    def _preparer(self, organismes):
        """Rend les fichiers préparés, un par organisme qui a de quoi."""
        self.env.flush_all()
        fichiers = self.browse()
        for organisme in organismes:
            # un seul à la fois présente les lignes d'un organisme
            self.env.cr.execute("SELECT id FROM cnas_complementaire WHERE id = %s FOR UPDATE", [organisme.id])
            self.env.cr.execute(SQL_A_PRESENTER, [organisme.id, LIGNES_MAX])
            rangs = self.env.cr.fetchall()
            if rangs:
                fichiers |= self._creer_fichier(organisme, rangs)
        return fichiers

    @api.model
    def _creer_fichier(self, organisme, rangs):
        jour = aujourd_hui()
        fichier = self.sudo()._creer([{
            "numero": self.env["ir.sequence"].sudo().next_by_code("cnas.fichier_complementaire"), "organisme_id": organisme.id, "jour": jour}])
        prises = self.env["cnas.prise_complementaire"].sudo()._creer([
            {"fichier_id": fichier.id, "rang": rang, "affiliation_id": affiliation, "feuille_id": feuille, "ligne_id": ligne, "montant_presente": reste}
            for rang, (affiliation, feuille, ligne, reste) in enumerate(rangs, 1)], suivi=False)
        lignes = fichier._lignes(prises)
        empreinte = noemie.empreinte(lignes)
        signatures = self.env["cnas.signature"].sudo()
        signature = base64url(signatures._signer(empreinte))
        lignes.append(noemie.ecrire_ligne("999", empreinte=empreinte, cle=signatures._cles_publiques()[0]["id"], signature=signature))
        fichier._ecrire({"empreinte": empreinte, "signature": signature,
                         "fichier": base64.b64encode("".join(f"{ligne}\r\n" for ligne in lignes).encode())})
        return fichier.sudo(self.env.su)

    def _lignes(self, prises):
        """Rend les lignes du fichier, sceau non compris."""
        lignes = [noemie.ecrire_ligne("000", emetteur="CNAS", organisme=self.organisme_id.code, numero=self.numero, jour=self.jour, norme=noemie.NORME)]
        for prise in prises:
            ligne, feuille = prise.ligne_id, prise.feuille_id
            lignes.append(noemie.ecrire_ligne(
                "100", rang=prise.rang, matricule=feuille.assure_id.matricule, adherent=prise.affiliation_id.numero_adherent,
                dossier=feuille.numero, formation=feuille.formation_id.code, soins=feuille.date_soins, prestation=ligne.prestation_id.code,
                quantite=ligne.quantite_retenue, facture=ligne.montant_facture, base=ligne.montant_base, taux=round(ligne.taux * 100),
                part_cnas=ligne.montant_cnas, reste=prise.montant_presente))
        presentees = prises.ligne_id
        lignes.append(noemie.ecrire_ligne(
            "900", lignes=len(prises), facture=sum(presentees.mapped("montant_facture")), part_cnas=sum(presentees.mapped("montant_cnas")),
            reste=sum(prises.mapped("montant_presente"))))
        return lignes

    # ------------------------------------------------------------------ recevoir
    def _recevoir_accuse(self, valeurs):
        if valeurs["numero"] != self.numero or valeurs["organisme"] != self.organisme_id.code:
            raise UserError(_("Cet accusé est celui du fichier « %s ».", valeurs["numero"]))
        if valeurs["accuse"] not in ("P", "N"):
            raise UserError(_("L'accusé vaut « %s » : attendu P (positif) ou N (négatif).", valeurs["accuse"]))
        if self.state != "transmis":
            return
        if valeurs["accuse"] == "P":
            self._changer_etat("accepte", date_accuse=aujourd_hui())
        else:
            self._changer_etat("refuse", date_accuse=aujourd_hui(), motif_refus=valeurs["motif"] or _("Sans motif"))

    def _recevoir_prises(self, lues):
        """Note ce que l'organisme prend, ligne à ligne ; ce qui ne se comprend pas ne change rien et se dit."""
        prises, bilan = {prise.rang: prise for prise in self.sudo().prise_ids}, {"pris": 0, "deja_vus": 0, "inconnus": 0, "refuses": []}
        if lues and self.state != "accepte":
            raise UserError(_("L'organisme n'a pas accepté le fichier : son retour ne se reçoit pas encore."))
        for valeurs in lues:
            prise = prises.get(valeurs["rang"])
            if not prise or prise.feuille_id.numero != valeurs["dossier"]:
                bilan["inconnus"] += 1
            elif prise.retour_le:
                meme = int(prise.montant_pris) == valeurs["pris"]
                bilan["deja_vus"] += meme
                if not meme:
                    bilan["refuses"].append(_("Rang %s : un autre montant a déjà été reçu.", prise.rang))
            elif valeurs["pris"] > prise.montant_presente:
                bilan["refuses"].append(_("Rang %s : le montant pris dépasse ce qui reste à la personne.", prise.rang))
            else:
                prise._ecrire({"montant_pris": valeurs["pris"], "retour_le": aujourd_hui(), "motif": valeurs["motif"] or False}, suivi=False)
                bilan["pris"] += 1
        return bilan
