import base64
import hashlib

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.lecture import lire_texte

from ..adaptateurs import ADAPTATEURS
from ..adaptateurs.adaptateur import cle_d_ordre
from .facture.dossier import FINANCE

APPLIQUES = ("paye", "rejete")


class RetourPaiement(models.Model):
    """Un fichier retour d'un lot, et ce que chaque ligne a changé. Il naît de `cnas.lot_paiement.importer_retour`.

    Un fichier rejoué, ou qui n'apprend rien et ne met rien en doute, ne s'ajoute pas. Personne n'écrit ni n'efface.
    """

    _name = "cnas.retour_paiement"
    _description = "Retour de paiement"
    _inherit = ["cnas.garde.mixin"]
    _order = "id desc"
    _rec_name = "nom"

    _champs_geles = ("lot_id", "nom", "fichier", "empreinte", "payes", "rejetes", "inconnus", "deja_vus")
    _champs_journal = ("lot_id", "empreinte", "payes", "rejetes", "inconnus", "deja_vus")

    lot_id = fields.Many2one("cnas.lot_paiement", string="Lot", required=True, readonly=True, index=True, ondelete="restrict")
    nom = fields.Char(string="Fichier", required=True, readonly=True)
    fichier = fields.Binary(string="Fichier reçu", readonly=True, attachment=True, groups=FINANCE)
    empreinte = fields.Char(string="Empreinte SHA-256", required=True, readonly=True)
    payes = fields.Integer(string="Payés", readonly=True)
    rejetes = fields.Integer(string="Rejetés", readonly=True)
    inconnus = fields.Integer(string="Sans effet", readonly=True)
    deja_vus = fields.Integer(string="Déjà vus", readonly=True)
    ligne_ids = fields.One2many("cnas.retour_paiement.ligne", "retour_id", string="Lignes", readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("lot_id",)):
            raise UserError(_("Un retour s'importe depuis son lot : « Importer le retour »."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un retour de paiement ne se supprime pas : il dit pourquoi un ordre est payé ou rejeté."))

    @api.model
    def _importer(self, lot, lues, contenu, nom):
        """Juge les lignes lues, note ce qu'elles disent de sûr ; rend le compte des lignes (voir `importer_retour`)."""
        jugees = self._juger(lot, lues)
        comptes = {cle: sum(ligne["resultat"] in resultats for ligne in jugees) for cle, resultats in (
            ("payes", ("paye",)), ("rejetes", ("rejete",)), ("inconnus", ("inconnu", "refuse")), ("deja_vus", ("deja_vu",)))}
        empreinte = hashlib.sha256(contenu).hexdigest()
        rejoue = self.sudo().search_count([("lot_id", "=", lot.id), ("empreinte", "=", empreinte)], limit=1)
        if comptes["payes"] or comptes["rejetes"] or (not rejoue and any(ligne["raison"] for ligne in jugees)):
            retour = self.sudo()._creer([{
                "lot_id": lot.id, "nom": lire_texte(nom, 128) or "retour.csv", "fichier": base64.b64encode(contenu),
                "empreinte": empreinte, **comptes}])
            self.env["cnas.retour_paiement.ligne"].sudo()._creer([{**ligne, "retour_id": retour.id} for ligne in jugees])
            lot.message_post(body=_(
                "Retour %(nom)s : %(payes)s payé(s), %(rejetes)s rejeté(s), %(inconnus)s ligne(s) sans effet, %(deja_vus)s déjà vue(s).",
                nom=retour.nom, **comptes))
        par_id = {ligne["ordre_id"]: ligne for ligne in jugees if ligne["resultat"] in APPLIQUES}
        lot.ordre_ids.browse(par_id)._constater(
            {i: (ligne["date"], ligne["reference"]) for i, ligne in par_id.items() if ligne["resultat"] == "paye"},
            {i: ligne["motif"] for i, ligne in par_id.items() if ligne["resultat"] == "rejete"})
        return comptes

    @api.model
    def _juger(self, lot, lues):
        """Rend les valeurs des lignes du retour, chacune avec ce qu'elle change, ou pourquoi elle ne change rien."""
        ordres = {cle_d_ordre(ordre.numero): ordre for ordre in lot.sudo().ordre_ids}
        etrangers = {lue.ordre for lue in lues if cle_d_ordre(lue.ordre) not in ordres}
        ailleurs = {ordre.numero: ordre for ordre in lot.ordre_ids.sudo().search([("numero", "in", list(etrangers))])}
        lignes = self.env["cnas.retour_paiement.ligne"].sudo()
        deja = {(ligne.ordre_id.id, ligne.verdict, ligne.date, ligne.reference) for ligne in lignes.search([
            ("ordre_id", "in", lot.ordre_ids.ids), ("resultat", "in", APPLIQUES)])}
        verdicts, dits, jugees = {}, {}, []
        for lue in lues:
            if not lue.faute:
                verdicts.setdefault(cle_d_ordre(lue.ordre), set()).add(lue.verdict)
        for lue in lues:
            cle = cle_d_ordre(lue.ordre)
            ordre = ordres.get(cle, lot.ordre_ids.browse())
            valeurs = {
                "numero": lue.numero, "ordre": lue.ordre, "ordre_id": ordre.id, "verdict": lue.verdict, "montant": lue.montant,
                "date": lue.jour, "reference": lue.reference or lot.numero,
                "motif": lue.motif or (lue.verdict == "rejete" and _("Rejeté sans motif")) or False}
            raison = self._doute(lot, ordre, lue, ailleurs) or (len(verdicts.get(cle, ())) > 1 and _(
                "Le retour dit cet ordre payé et rejeté : demandez ce qu'il en est."))
            if raison:
                resultat = "refuse" if ordre or lue.faute or lue.ordre in ailleurs else "inconnu"
            elif cle in dits:
                resultat, raison = "deja_vu", lue.verdict == "paye" and self._paye_autrement(lue, *dits[cle])
            elif (ordre.id, lue.verdict, lue.jour, valeurs["reference"]) in deja:
                resultat = "deja_vu"
            else:
                resultat, raison = self._verdict(ordre, lue)
            if resultat in APPLIQUES:
                dits[cle] = lue.jour, valeurs["reference"]
            jugees.append({**valeurs, "resultat": resultat, "raison": raison})
        return jugees

    @api.model
    def _doute(self, lot, ordre, lue, ailleurs):
        """Rend pourquoi une ligne ne parle pas sûrement d'un ordre de ce lot, ou rien."""
        if lue.faute:
            return lue.faute
        if lue.ordre in ailleurs:
            autre = ailleurs[lue.ordre].lot_id.numero
            return (_("L'ordre %(ordre)s est du lot %(autre)s, pas de celui-ci.", ordre=lue.ordre, autre=autre) if autre
                    else _("L'ordre %s n'est dans aucun lot.", lue.ordre))
        if not ordre:
            return _("Aucun ordre de ce lot ne porte le numéro « %s ».", lue.ordre)
        if lue.lot and cle_d_ordre(lue.lot) != cle_d_ordre(lot.numero):
            return _("La ligne est du lot « %s », pas de celui-ci.", lue.lot)
        if lue.montant != ordre.montant:
            return _("Le retour dit %(lu)s, l'ordre porte %(ordre)s.", lu=ecrire_montant(lue.montant), ordre=ecrire_montant(ordre.montant))
        if not ADAPTATEURS[lot.nature].meme_compte(ordre, lue.compte):
            return _("Le retour nomme le compte « %s », ce n'est pas celui de l'ordre.", lue.compte)
        return False

    @api.model
    def _verdict(self, ordre, lue):
        """Rend (résultat, raison) d'une ligne sûre, selon où en est l'ordre."""
        if ordre.state == "transmis":
            raison = lue.verdict == "paye" and ordre._raison_de_date(lue.jour)
            return ("refuse", raison) if raison else (lue.verdict, False)
        if ordre.state == "paye" and lue.verdict == "paye":
            return "deja_vu", self._paye_autrement(lue, ordre.date_paiement, ordre.reference_paiement)
        if ordre.state == "paye":
            if lue.jour and lue.jour < ordre.date_paiement:
                return "refuse", _("Ce rejet du %(jour)s précède le paiement du %(paye)s.",
                                   jour=ecrire_date(lue.jour), paye=ecrire_date(ordre.date_paiement))
            return "rejete", False
        if lue.verdict == "rejete":
            return "deja_vu", False
        return "refuse", _("L'ordre a été rejeté (%s) : un retour ne le paie plus. Vérifiez avant de le réémettre.", ordre.motif_rejet)

    @api.model
    def _paye_autrement(self, lue, jour, reference):
        """Rend l'alerte d'un ordre dit payé un autre jour ou sous une autre référence que ceux qu'on sait ; rien s'il est redit."""
        autre = (lue.datee and lue.jour != jour) or (lue.reference and lue.reference != reference)
        return bool(autre) and _(
            "L'ordre est déjà payé, le %(jour)s, référence %(reference)s : vérifiez que l'argent n'est pas parti deux fois.",
            jour=ecrire_date(jour), reference=reference)


class RetourPaiementLigne(models.Model):
    """Une ligne d'un fichier retour : ce qu'elle dit d'un ordre, et ce qu'on en a fait.

    La base refuse de noter deux fois la même réponse d'un ordre, deux imports au même instant compris.
    """

    _name = "cnas.retour_paiement.ligne"
    _description = "Ligne d'un retour de paiement"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "retour_id desc, numero"
    _rec_name = "ordre"

    _champs_geles = ("numero", "ordre", "ordre_id", "verdict", "montant", "date", "reference", "motif", "resultat", "raison", "retour_id")

    retour_id = fields.Many2one("cnas.retour_paiement", string="Retour", required=True, readonly=True, index=True, ondelete="cascade")
    numero = fields.Integer(string="Ligne", readonly=True)
    ordre = fields.Char(string="Ordre lu", readonly=True)
    ordre_id = fields.Many2one("cnas.ordre_paiement", string="Ordre", readonly=True, index="btree_not_null", ondelete="restrict")
    verdict = fields.Selection([("paye", "Payé"), ("rejete", "Rejeté")], string="Réponse", readonly=True)
    montant = fields.Monetary(string="Montant", readonly=True)
    date = fields.Date(string="Date", readonly=True)
    reference = fields.Char(string="Référence", readonly=True)
    motif = fields.Char(string="Motif", readonly=True)
    resultat = fields.Selection(
        [("paye", "Payé"), ("rejete", "Rejeté"), ("deja_vu", "Déjà vu"), ("inconnu", "Inconnu"), ("refuse", "Refusé")],
        string="Effet", required=True, readonly=True)
    raison = fields.Char(string="Pourquoi", readonly=True)

    def init(self):
        super().init()
        self.env.cr.execute("""
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_retour_paiement_ligne_une_fois ON cnas_retour_paiement_ligne
                (ordre_id, verdict, COALESCE(date, '-infinity'), reference) WHERE resultat IN ('paye', 'rejete')
        """)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("resultat",)):
            raise UserError(_("Les lignes d'un retour viennent de son fichier."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une ligne de retour ne se supprime pas."))
