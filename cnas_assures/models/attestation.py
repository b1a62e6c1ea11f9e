import base64
import hashlib
import hmac

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.osv import expression
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dans_sa_langue
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_dates

from .. import cle_signature as outil
from ..numerotation import numeros_annuels
from ..report.attestation_pdf import dessiner_attestations
from ..report.identite import naissance

TAILLE_ALEA = 16
LONGUEUR_JETON = 107  # base64 « URL » de 16 octets d'aléa et de 64 de signature
TRONCONS_MAX = 12
ATTESTATIONS_PAR_PDF = 200


@actions
class Attestation(models.Model):
    """Attestation d'accès aux soins : dit qu'une personne et ses ayants droit sont couverts entre deux dates.

    Le jeton porte 128 bits d'aléa et une signature Ed25519 du numéro, du matricule et des dates : il ne se
    devine pas, ne se fabrique pas, se vérifie en ligne (page publique) et hors ligne (clé publiée).

    | état | sens |
    |---|---|
    | delivree | vaut entre ses dates, tant que les droits sont ouverts |
    | revoquee | retirée avec un motif ; la page publique le dit |

    L'agent délivre et imprime (le reste : la table `_actions`) ; le médecin-conseil et l'ordonnateur lisent ;
    le public vérifie un jeton, rien d'autre.
    """

    _name = "cnas.attestation"
    _description = "Attestation d'accès aux soins"
    _inherit = ["cnas.etat.mixin", "cnas.imprime.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "numero"
    _rec_names_search = ["numero", "assure_id.name", "assure_id.matricule"]

    _etat_initial = "delivree"
    _actions = {
        "revoquer": Action(titre=_lt("Révoquer"), de=("delivree",), vers=("revoquee",), roles=("cnas_base.group_agent",),
                           motif=True),
    }
    _champs_geles = (
        "numero", "jeton", "jeton_empreinte", "matricule", "regime_id", "beneficiaire_ids", "date_delivrance",
        "delivree_par_id", "date_revocation", "revoquee_par_id", "motif_revocation",
    )
    # Ce que le jeton signe ou que le papier porte ne change plus après la délivrance.
    _champs_signes = ("assure_id", "date_debut", "date_fin", "beneficiaire_ids", "regime_id", "numero")

    numero = fields.Char(string="Numéro", readonly=True, copy=False)
    assure_id = fields.Many2one(
        "cnas.assure", string="Assuré", required=True, index=True, ondelete="restrict", tracking=True)
    matricule = fields.Char(
        string="Matricule", readonly=True, copy=False, help="Tel qu'imprimé et signé à la délivrance.")
    regime_id = fields.Many2one("cnas.regime", string="Régime", readonly=True, copy=False)
    date_debut = fields.Date(
        string="Valable du", required=True, default=lambda self: aujourd_hui(), copy=False, tracking=True)
    date_fin = fields.Date(
        string="Valable jusqu'au", required=True, copy=False, index=True, tracking=True,
        help="Vide à la saisie : 90 jours (paramètre de l'application), sans dépasser la fin des droits.")
    beneficiaire_ids = fields.Many2many(
        "cnas.assure", "cnas_attestation_beneficiaire_rel", "attestation_id", "assure_id",
        string="Ayants droit couverts", readonly=True, copy=False)
    objet = fields.Char(string="Objet", help="Facultatif : formation de destination, démarche…")
    agence_id = fields.Many2one(
        "cnas.agence", string="Agence", index=True, default=lambda self: self.env.user.agence_ids[:1])
    date_delivrance = fields.Date(string="Délivrée le", readonly=True, copy=False)
    delivree_par_id = fields.Many2one("res.users", string="Délivrée par", readonly=True, copy=False)
    state = fields.Selection(
        [("delivree", "Délivrée"), ("revoquee", "Révoquée")],
        string="État", default="delivree", required=True, copy=False, index=True, tracking=True)
    situation = fields.Selection(
        [("a_venir", "À venir"), ("valide", "Valide"), ("expiree", "Expirée"), ("revoquee", "Révoquée")],
        string="Situation", compute="_compute_situation", search="_search_situation")

    # === Jeton ===
    jeton = fields.Char(string="Jeton de vérification", readonly=True, copy=False)
    jeton_empreinte = fields.Char(string="Empreinte du jeton", readonly=True, copy=False)
    url_verification = fields.Char(string="Adresse de vérification", compute="_compute_url_verification")

    # === Révocation ===
    date_revocation = fields.Date(string="Révoquée le", readonly=True, copy=False)
    revoquee_par_id = fields.Many2one("res.users", string="Révoquée par", readonly=True, copy=False)
    motif_revocation = fields.Char(string="Motif de révocation", readonly=True, copy=False, tracking=True)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'attestation existe déjà."),
        ("jeton_unique", "UNIQUE (jeton_empreinte)", "Ce jeton existe déjà."),
        ("dates_ordonnees", "CHECK (date_fin >= date_debut)", "La date de fin doit suivre la date de début."),
    ]

    # ------------------------------------------------------------------ calculs
    @api.depends("numero", "assure_id.name")
    def _compute_display_name(self):
        for attestation in self:
            nom = attestation.assure_id.name
            attestation.display_name = f"{attestation.numero} — {nom}" if attestation.numero else _("Nouveau")

    @api.depends("state", "date_debut", "date_fin")
    def _compute_situation(self):
        aujourdhui = aujourd_hui()
        for attestation in self:
            if attestation.state == "revoquee":
                attestation.situation = "revoquee"
            elif attestation.date_fin and attestation.date_fin < aujourdhui:
                attestation.situation = "expiree"
            elif attestation.date_debut and attestation.date_debut > aujourdhui:
                attestation.situation = "a_venir"
            else:
                attestation.situation = "valide"

    @api.model
    def _search_situation(self, operator, value):
        if operator not in ("=", "in"):
            raise UserError(_("Cherchez une situation avec « = » ou « in »."))
        jour = aujourd_hui()
        domaines = {
            "revoquee": [("state", "=", "revoquee")],
            "expiree": [("state", "=", "delivree"), ("date_fin", "<", jour)],
            "a_venir": [("state", "=", "delivree"), ("date_debut", ">", jour)],
            "valide": [("state", "=", "delivree"), ("date_debut", "<=", jour), ("date_fin", ">=", jour)],
        }
        valeurs = [value] if isinstance(value, str) else value
        return expression.OR([domaines[v] for v in valeurs if v in domaines] or [expression.FALSE_DOMAIN])

    @api.depends("jeton")
    def _compute_url_verification(self):
        for attestation in self:
            jeton = attestation.jeton
            attestation.url_verification = jeton and f"{attestation.get_base_url()}/cnas/verifier/{jeton}"

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        self._exiger_groupe("cnas_base.group_agent", _("délivrer une attestation"))
        attestations = super().create([lire_dates(self, vals) for vals in vals_list])
        for attestation in attestations:
            attestation._ecrire(attestation._copie_du_jour())
        return attestations

    def _completer_creation(self, vals_list):
        """Pose tout ce que l'agent ne donne pas : dates, numéro, bénéficiaires, jeton signé."""
        droits = self._completer_dates(vals_list)
        numeros = numeros_annuels(self.env, "cnas.attestation", "ATT", len(vals_list))
        beneficiaires = self._beneficiaires(vals_list)
        for vals, numero, droit, couverts in zip(vals_list, numeros, droits, beneficiaires):
            assure = self.env["cnas.assure"].browse(vals["assure_id"])
            vals.update(
                numero=numero, matricule=assure.matricule, regime_id=droit.get("regime_id") or assure.regime_id.id,
                date_delivrance=aujourd_hui(), delivree_par_id=self.env.uid,
                beneficiaire_ids=[fields.Command.set(couverts)])
            vals.update(self._jeton(vals))
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if set(self._champs_signes) & vals.keys():
            raise UserError(_("Une attestation délivrée ne se modifie pas : révoquez-la et délivrez-en une autre."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Une attestation délivrée ne se supprime pas : révoquez-la avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("revoquer")
    def action_revoquer(self, motif=None):
        """Révoque l'attestation : la page publique le dira. Rend True, ou l'assistant de motif."""
        self._revoquer(motif)

    def action_imprimer(self):
        """Ouvre le PDF A4 des attestations choisies."""
        self._verifier_imprimable()  # un refus se dit ici, par une phrase, avant d'ouvrir un onglet
        ids = ",".join(map(str, self.ids))
        return {"type": "ir.actions.act_url", "url": f"/cnas/attestations/{ids}", "target": "new"}

    def action_voir_page_publique(self):
        """Ouvre la page publique de vérification."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/cnas/verifier/{self.jeton}", "target": "new"}

    # ------------------------------------------------------------------ métier public
    def obtenir_pdf(self):
        """Rend le PDF pour un script : {"nom", "type", "contenu" (base64)}."""
        contenu = self._pdf()
        return {"nom": self._nom_pdf(), "type": "application/pdf", "contenu": base64.b64encode(contenu).decode()}

    # ------------------------------------------------------------------ métier
    @api.model
    def _completer_dates(self, vals_list):
        """Pose les dates manquantes, refuse une période que les droits ne couvrent pas.

        :return: pour chaque dict de valeurs, les droits au premier jour
        :raise UserError: assuré inactif, droits fermés au début ou avant la fin
        """
        Date = fields.Date
        jours = self.env["cnas.parametre"]._au("attestation_validite_jours")
        for vals in vals_list:
            vals["date_debut"] = Date.to_date(vals.get("date_debut")) or aujourd_hui()
        demandes = [vals.get("assure_id") for vals in vals_list]
        if not all(isinstance(assure_id, int) and assure_id for assure_id in demandes):
            raise UserError(_("Choisissez l'assuré à qui délivrer l'attestation."))
        assures = self.env["cnas.assure"].browse(demandes)
        if len(assures.exists()) < len(set(demandes)):
            raise UserError(_("Choisissez l'assuré à qui délivrer l'attestation."))
        premiers = assures._droits_par_lot([(vals.get("assure_id"), vals["date_debut"]) for vals in vals_list])
        droits = []
        for vals, assure in zip(vals_list, assures):
            droit = premiers[(assure.id, vals["date_debut"])]
            self._exiger_droits_ouverts(assure, vals["date_debut"], droit)
            fin = Date.to_date(vals.get("date_fin"))
            limite = vals["date_debut"] + relativedelta(days=jours - 1)
            if fin and fin < vals["date_debut"]:
                raise UserError(_("La date de fin de l'attestation doit suivre la date de début."))
            vals["date_fin"] = fin or min(limite, Date.to_date(droit.get("date_fin")) or limite)
            droits.append(droit)
        self._exiger_droits_jusqu_au_bout(vals_list, assures, droits)
        return droits

    @api.model
    def _exiger_droits_ouverts(self, assure, jour, droit):
        if assure.state != "actif":
            raise UserError(_(
                "%s n'est pas un assuré actif : aucune attestation ne peut être délivrée.", assure.display_name))
        if droit["etat"] != "ouverts":
            motif = droit.get("motif") or _("aucune période ouverte")
            raise UserError(_(
                "Les droits de %(nom)s sont fermés au %(jour)s : %(motif)s. Aucune attestation ne peut être délivrée.",
                nom=assure.display_name, jour=ecrire_date(jour), motif=motif.rstrip(".")))

    @api.model
    def _exiger_droits_jusqu_au_bout(self, vals_list, assures, droits):
        """Suit les périodes de droits qui s'enchaînent jusqu'à la fin demandée, par vagues."""
        suites = {
            i: fields.Date.to_date(droit.get("date_fin")) for i, droit in enumerate(droits)
            if droit.get("date_fin") and fields.Date.to_date(droit["date_fin"]) < vals_list[i]["date_fin"]
        }
        for _vague in range(TRONCONS_MAX):
            if not suites:
                return
            demandes = {i: (assures[i].id, fin + relativedelta(days=1)) for i, fin in suites.items()}
            reponses = assures._droits_par_lot(list(demandes.values()))
            prochaines = {}
            for i, cle in demandes.items():
                droit = reponses[cle]
                if droit["etat"] != "ouverts":
                    self._refuser_periode(assures[i], suites[i])
                fin = fields.Date.to_date(droit.get("date_fin"))
                if fin and fin < vals_list[i]["date_fin"]:
                    prochaines[i] = fin
            suites = prochaines
        for i, fin in suites.items():
            self._refuser_periode(assures[i], fin)

    @api.model
    def _refuser_periode(self, assure, fin):
        raise UserError(_(
            "Les droits de %(nom)s ne sont ouverts que jusqu'au %(fin)s : l'attestation ne peut pas aller au-delà.",
            nom=assure.display_name, fin=ecrire_date(fin)))

    @api.model
    def _beneficiaires(self, vals_list):
        """Rend, pour chaque attestation à créer, les ayants droit actifs dont les droits sont ouverts au premier jour."""
        Assure = self.env["cnas.assure"]
        familles = [
            [(ayant.id, vals["date_debut"]) for ayant in Assure.browse(vals["assure_id"]).ayant_droit_ids
             if ayant.state == "actif" and not ayant.date_deces] for vals in vals_list]
        demandes = [demande for famille in familles for demande in famille]
        droits = Assure._droits_par_lot(demandes) if demandes else {}
        return [[demande[0] for demande in famille if droits[demande]["etat"] == "ouverts"] for famille in familles]

    @api.model
    def _message_signe(self, vals, alea):
        """Rend le texte que signe le jeton ; tout y est lisible sur le papier, sauf l'aléa qui est dans le jeton.

        :param vals: l'attestation, ou ses valeurs de création
        """
        return "|".join((
            "cnas-attestation-1", vals["numero"], vals["matricule"], fields.Date.to_string(vals["date_debut"]),
            fields.Date.to_string(vals["date_fin"]), outil.base64url(alea)))

    @api.model
    def _jeton(self, vals):
        """Rend le jeton signé de ces valeurs de création, et son empreinte."""
        signature = self.env["cnas.signature"]
        alea = signature._alea()
        jeton = outil.base64url(alea + signature._signer(self._message_signe(vals, alea)))
        return {"jeton": jeton, "jeton_empreinte": self._empreinte_jeton(jeton)}

    @api.model
    def _empreinte_jeton(self, jeton):
        return hashlib.sha256(jeton.encode("utf-8", "replace")).hexdigest()

    @api.model
    def _trouver_par_jeton(self, jeton):
        """Rend l'attestation du jeton, ou un ensemble vide ; même chemin que le jeton soit inconnu ou malformé.

        La recherche porte sur une empreinte : le temps de réponse ne dit rien du jeton enregistré.
        """
        trouvee = self.sudo().search([("jeton_empreinte", "=", self._empreinte_jeton(jeton))], limit=1)
        egal = hmac.compare_digest((trouvee.jeton or "").encode(), jeton.encode("utf-8", "replace"))
        octets = outil.octets_base64url(jeton) if len(jeton) == LONGUEUR_JETON else None
        octets = octets or bytes(TAILLE_ALEA + outil.TAILLE_SIGNATURE)
        message = self._message_signe(trouvee, octets[:TAILLE_ALEA]) if trouvee else "cnas-attestation-1|"
        signe = self.env["cnas.signature"]._verifier(message, octets[TAILLE_ALEA:])
        return trouvee if trouvee and egal and signe else self.browse()

    def _etat_public(self):
        """Rend ce que la page publique montre : l'état et le strict minimum pour rapprocher le papier.

        :return: {"etat": valide|a_venir|expiree|revoquee|droits_fermes, …}
        """
        self.ensure_one()
        attestation = self.sudo()
        etat = attestation.situation
        if etat == "valide":
            jour = aujourd_hui()
            droit = attestation.assure_id._droits_par_lot([(attestation.assure_id.id, jour)])
            if droit[(attestation.assure_id.id, jour)]["etat"] != "ouverts" or attestation.assure_id.state != "actif":
                etat = "droits_fermes"
        public = {"etat": etat, "numero": attestation.numero}
        if etat in ("valide", "a_venir"):
            public.update(
                titulaire=attestation._identites()["abrege"], matricule=attestation.matricule[-4:],
                date_debut=attestation.date_debut, date_fin=attestation.date_fin,
                couverts=len(attestation.beneficiaire_ids))
        elif etat == "expiree":
            public["date_fin"] = attestation.date_fin
        return public

    def _identites_du_jour(self):
        """Rend les identités du titulaire et des ayants droit, en textes.

        :return: {"titulaire": [[étiquette, étiquette arabe, valeur]], "abrege", "agence",
            "ayants": [[nom, matricule, lien, naissance]]}
        """
        self.ensure_one()
        with dans_sa_langue(self) as papier:
            return papier._identites_ecrites()

    def _identites_ecrites(self):
        liens = dict(self.assure_id._fields["lien"]._description_selection(self.env))
        return {
            "titulaire": [*self.assure_id._lignes_attestation(), ("Régime", "النظام", self.regime_id.name)],
            "abrege": self._nom_abrege(self.assure_id), "agence": self.agence_id.name or "",
            "ayants": [(ayant.name, ayant.matricule, liens.get(ayant.lien, ""), naissance(ayant))
                       for ayant in self.beneficiaire_ids],
        }

    def _destinataire(self):
        return self.assure_id

    @api.model
    def _nom_abrege(self, assure):
        """Rend « Prénom N. », ou le nom unique : assez pour rapprocher le papier, trop peu pour un fichier."""
        return f"{assure.prenom} {assure.nom[:1]}." if assure.prenom and assure.nom else assure.prenom or assure.nom or ""

    def _revoquer(self, motif):
        return self._changer_etat(
            "revoquee", date_revocation=aujourd_hui(), revoquee_par_id=self.env.uid,
            motif_revocation=motif)

    def _pdf(self):
        """Rend le PDF (bytes), après les contrôles de `_verifier_imprimable`."""
        self._verifier_imprimable()
        return dessiner_attestations(self)

    def _verifier_imprimable(self):
        self._exiger_groupe(
            ("cnas_base.group_agent", "cnas_base.group_medecin_conseil", "cnas_base.group_finance"),
            _("imprimer une attestation"))
        self.check_access_rights("read")
        self.check_access_rule("read")
        if not self:
            raise UserError(_("Choisissez au moins une attestation."))
        if len(self) > ATTESTATIONS_PAR_PDF:
            raise UserError(_("Imprimez au plus %s attestations à la fois.", ATTESTATIONS_PAR_PDF))

    def _nom_pdf(self):
        return _("Attestation %s.pdf", self.numero if len(self) == 1 else len(self))
