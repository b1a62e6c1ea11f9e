import base64
import hashlib

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, sans_suivi, transition
from odoo.addons.cnas_base.impression.langue import FRANCAIS, parler
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_dates, lire_texte

from .. import cle_signature as outil
from ..numerotation import numeros_de_carte
from ..qr import adresse_de_carte, texte_de_carte
from ..report.accuse_pdf import dessiner_accuses
from ..report.carte_pdf import dessiner_cartes, dessiner_planches
from ..report.identite import est_ne, naissance

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"
EN_COURS = ("demandee", "produite", "remise")
CARTES_PAR_PDF = 500
VERSION_QR = "1"


def un_a_la_fois(enregistrements):
    """Deux demandes au même instant (un double clic) : la seconde attend, puis Odoo la rejoue, et elle voit la première."""
    enregistrements.env.cr.execute(SQL(
        "UPDATE %s SET write_date = write_date WHERE id = ANY(%s)", SQL.identifier(enregistrements._table), enregistrements.ids))


@actions
class Carte(models.Model):
    """Carte sanitaire d'un assuré ou d'un ayant droit : demandée, fabriquée, remise, active, puis close.

    | état | sens |
    |---|---|
    | demandee | à fabriquer |
    | produite | imprimée ; dates, QR, identité et régime imprimés figés |
    | remise | donnée contre accusé |
    | active | ouvre l'accès aux soins ; une seule par personne (index unique partiel) |
    | perdue | perte ou vol déclarés |
    | expiree, annulee | closes |

    Qui peut quoi : la table `_actions` ; l'agent demande une carte, la tâche planifiée la fait expirer.
    """

    _name = "cnas.carte"
    _description = "Carte sanitaire"
    _inherit = ["cnas.etat.mixin", "cnas.imprime.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "numero"
    _rec_names_search = ["numero", "assure_id.name", "assure_id.matricule"]
    _champs_journal = ("assure_id", "numero", "date_cloture", "motif_cloture")

    _etat_initial = "demandee"
    _circuit = ("demandee", "produite", "remise", "active")
    _actions = {
        "produire": Action(titre=_lt("Produire"), de=("demandee",), vers=("produite",), roles=(AGENT,),
                           empeche=("_titulaire_inactif",)),
        "remettre": Action(titre=_lt("Remettre"), de=("produite",), vers=("remise",), roles=(AGENT,)),
        "activer": Action(titre=_lt("Activer"), de=("remise",), vers=("active",), roles=(AGENT,),
                          empeche=("_titulaire_inactif", "_perimee")),
        "declarer_perte": Action(titre=_lt("Déclarer la perte ou le vol"), de=("remise", "active"), vers=("perdue",),
                                 roles=(AGENT,), motif=True),
        "annuler": Action(
            titre=_lt("Annuler la carte"), de=("demandee", "produite", "remise", "active", "perdue"), vers=("annulee",),
            roles=(AGENT,), roles_selon=dict.fromkeys(("remise", "active", "perdue"), (SUPERVISEUR,)), motif=True),
        "remplacer": Action(titre=_lt("Remplacer"), seul=True, de=("remise", "active", "perdue", "expiree", "annulee"),
                            roles=(AGENT,)),
        "mettre_en_lot": Action(titre=_lt("Mettre en lot d'impression"), de=("demandee",), roles=(AGENT,)),
    }
    _passages = dict.fromkeys(("produite", "remise", "active"), ("expiree",))
    _champs_geles = (
        "numero", "qr_texte", "qr_empreinte", "date_production", "date_remise", "remise_a", "remise_qualite",
        "remise_piece", "remise_par_id", "date_activation", "date_cloture", "date_perte", "motif_cloture",
    )
    # La demande et ce qui est imprimé ne changent plus une fois la carte produite.
    _champs_de_la_demande = (
        "assure_id", "date_emission", "date_expiration", "numero_support", "date_demande", "motif_demande",
        "remplace_id", "lot_id",
    )

    # === Identité ===
    numero = fields.Char(
        string="Numéro de carte", readonly=True, copy=False,
        help="Généré à la demande ; ses deux derniers chiffres sont une clé de contrôle.")
    assure_id = fields.Many2one(
        "cnas.assure", string="Titulaire", required=True, index=True, ondelete="restrict", tracking=True)
    matricule = fields.Char(related="assure_id.matricule", string="Matricule")
    regime_id = fields.Many2one(related="assure_id.regime_id", string="Régime", store=True, index=True)
    photo = fields.Image(related="assure_id.photo", string="Photo")
    photo_128 = fields.Image(related="assure_id.photo_128", string="Vignette")
    state = fields.Selection(
        [("demandee", "Demandée"), ("produite", "Produite"), ("remise", "Remise"), ("active", "Active"),
         ("perdue", "Perdue"), ("expiree", "Expirée"), ("annulee", "Annulée")],
        string="État", default="demandee", required=True, copy=False, index=True, tracking=True,
        group_expand="_etats_du_circuit")

    # === Demande ===
    motif_demande = fields.Selection(
        [("premiere", "Première carte"), ("renouvellement", "Renouvellement"), ("perte", "Perte ou vol"),
         ("deterioration", "Détérioration"), ("correction", "Correction d'identité")],
        string="Motif de la demande", default="premiere", required=True, tracking=True)
    date_demande = fields.Date(string="Date de demande", default=lambda self: aujourd_hui(), required=True)
    agence_id = fields.Many2one(
        "cnas.agence", string="Agence", index=True, default=lambda self: self.env.user.agence_ids[:1],
        help="Agence qui a reçu la demande et remettra la carte.")
    remplace_id = fields.Many2one(
        "cnas.carte", string="Remplace la carte", copy=False, index="btree_not_null", ondelete="restrict",
        domain="[('assure_id', '=', assure_id)]",
        help="L'ancienne carte est annulée quand celle-ci devient active.")
    remplacee_par_ids = fields.One2many("cnas.carte", "remplace_id", string="Remplacée par", readonly=True)

    # === Fabrication ===
    lot_id = fields.Many2one(
        "cnas.carte.lot", string="Lot d'impression", copy=False, index="btree_not_null", ondelete="restrict")
    numero_support = fields.Char(string="N° du support", copy=False, help="Numéro gravé sur le plastique vierge.")
    date_production = fields.Date(string="Produite le", readonly=True, copy=False)
    date_emission = fields.Date(
        string="Date d'émission", copy=False, tracking=True,
        help="Imprimée sur la carte ; vide : le jour de la production.")
    date_expiration = fields.Date(
        string="Date d'expiration", copy=False, tracking=True, index=True,
        help="Imprimée sur la carte ; vide : trois ans après l'émission (paramètre de l'application).")
    qr_texte = fields.Char(
        string="Contenu du QR", readonly=True, copy=False,
        help="version|matricule|n° de carte|expiration|signature — aucune donnée de santé.")
    qr_empreinte = fields.Char(string="Empreinte du QR", readonly=True, copy=False)

    # === Remise ===
    date_remise = fields.Date(string="Remise le", readonly=True, copy=False)
    remise_a = fields.Char(string="Remise à", readonly=True, copy=False)
    remise_qualite = fields.Selection(
        [("titulaire", "Le titulaire"), ("parent", "Un parent"), ("conjoint", "Le conjoint"),
         ("mandataire", "Un mandataire")],
        string="En qualité de", readonly=True, copy=False)
    remise_piece = fields.Char(string="Pièce présentée", readonly=True, copy=False)
    remise_par_id = fields.Many2one("res.users", string="Remise par", readonly=True, copy=False)
    date_activation = fields.Date(string="Active depuis le", readonly=True, copy=False)

    # === Clôture ===
    date_perte = fields.Date(string="Déclarée perdue le", readonly=True, copy=False)
    date_cloture = fields.Date(string="Close le", readonly=True, copy=False)
    motif_cloture = fields.Char(string="Motif de clôture", readonly=True, copy=False, tracking=True)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de carte est déjà attribué."),
        ("dates_ordonnees", "CHECK (date_expiration > date_emission)",
         "La date d'expiration doit suivre la date d'émission."),
        ("active_unique", "", "Cette personne a déjà une carte active : déclarez-la perdue, annulez-la ou remplacez-la."),
    ]

    def init(self):
        super().init()
        # Les pertes d'avant ce champ : la clôture en disait la date.
        self.env.cr.execute("UPDATE cnas_carte SET date_perte = date_cloture WHERE state = 'perdue' AND date_perte IS NULL")
        self.env.cr.execute("""
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_carte_active_unique
                ON cnas_carte (assure_id) WHERE state = 'active'
        """)
        self.env.cr.execute("""
            CREATE INDEX IF NOT EXISTS cnas_carte_qr_empreinte_revoquees
                ON cnas_carte (qr_empreinte) WHERE state IN ('perdue', 'annulee')
        """)

    # ------------------------------------------------------------------ contraintes
    @api.constrains("date_emission", "date_expiration")
    def _check_dates_plausibles(self):
        for carte in self:
            for jour in (carte.date_emission, carte.date_expiration):
                if jour and not 2000 <= jour.year <= 2100:
                    raise ValidationError(_("La date %s n'est pas plausible pour une carte : vérifiez l'année.", jour))

    @api.constrains("remplace_id", "assure_id")
    def _check_remplacement(self):
        for carte in self:
            if carte.remplace_id == carte:
                raise ValidationError(_("Une carte ne se remplace pas elle-même."))
            if carte.remplace_id and carte.remplace_id.assure_id != carte.assure_id:
                raise ValidationError(_("La carte remplacée doit être celle de la même personne."))

    @api.depends("numero", "assure_id.name")
    def _compute_display_name(self):
        for carte in self:
            nom = carte.assure_id.name
            carte.display_name = f"{carte.numero} — {nom}" if carte.numero else _("Nouveau")

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        cartes = super().create([lire_dates(self, vals) for vals in vals_list])
        for phrase in cartes._titulaire_inactif().values():
            raise UserError(phrase)
        return cartes

    def _completer_creation(self, vals_list):
        for vals, numero in zip(vals_list, numeros_de_carte(self.env, len(vals_list))):
            vals["numero"] = numero
        return super()._completer_creation(vals_list)

    def write(self, vals):
        vals = lire_dates(self, vals)
        demande = set(self._champs_de_la_demande) & vals.keys()
        figees = self.filtered(lambda c: c.state != "demandee")
        if demande and figees and not self._ouvert(demande):
            raise UserError(_(
                "La carte %s est déjà produite : sa demande et ce qui est imprimé ne se changent plus. "
                "Annulez-la et demandez-en une autre.", figees[0].numero))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_sauf_demandee(self):
        if any(carte.state != "demandee" for carte in self):
            raise UserError(_("Une carte produite ne se supprime pas : annulez-la avec un motif."))

    # ------------------------------------------------------------------ actions
    @transition("produire")
    def action_produire(self):
        """Fige les dates, le QR signé, l'identité et la photo : la carte est prête à imprimer. Rend True.

        :raise UserError: carte qui n'est pas « demandée », titulaire qui n'est pas actif
        """
        aujourdhui = aujourd_hui()
        for carte in self:
            emission = carte.date_emission or aujourdhui
            expiration = carte.date_expiration or carte._expiration_par_defaut(emission)
            texte = carte._composer_qr(expiration)
            carte._changer_etat(
                "produite", date_emission=emission, date_expiration=expiration, date_production=aujourdhui,
                qr_texte=texte, qr_empreinte=self._empreinte_qr(texte), **carte._copie_du_jour())

    @transition("remettre")
    def action_remettre(self, remise_a=None, qualite="titulaire", piece=None):
        """Remet la carte contre accusé. Rend True.

        :param remise_a: nom de qui la reçoit ; vide : le titulaire
        :param qualite: `titulaire`, `parent`, `conjoint` ou `mandataire`
        :param piece: pièce d'identité présentée ; exigée d'un mandataire
        :raise UserError: qualité inconnue, mandataire sans nom ou sans pièce
        """
        remise_a, piece = lire_texte(remise_a, 120), lire_texte(piece, 120)
        if lire_texte(qualite) not in dict(self._fields["remise_qualite"].selection):
            raise UserError(_("La qualité de qui reçoit la carte est inconnue : titulaire, parent, conjoint ou mandataire."))
        if qualite != "titulaire" and not remise_a:
            raise UserError(_("Dites à qui la carte est remise : le nom est obligatoire."))
        if qualite == "mandataire" and not piece:
            raise UserError(_("Un mandataire présente une pièce d'identité : notez son numéro."))
        for carte in self:
            carte._changer_etat(
                "remise", date_remise=aujourd_hui(), remise_qualite=qualite,
                remise_a=remise_a or carte.assure_id.name, remise_piece=piece or False, remise_par_id=self.env.uid)

    def action_ouvrir_remise(self):
        """Ouvre l'assistant de remise (nom, qualité, pièce présentée)."""
        self._exiger("remettre")
        return {
            "type": "ir.actions.act_window", "name": _("Remettre la carte"), "target": "new",
            "res_model": "cnas.carte.remise.wizard", "view_mode": "form",
            "context": {"default_carte_ids": [fields.Command.set(self.ids)]},
        }

    @transition("activer")
    def action_activer(self):
        """Active la carte remise ; celle qu'elle remplace est annulée. Rend True.

        :raise UserError: carte expirée, titulaire inactif, autre carte active
        """
        aujourdhui = aujourd_hui()
        remplacees = self.remplace_id.filtered(lambda c: c.state in ("produite", "remise", "active", "perdue"))
        if remplacees:
            remplacees._changer_etat("annulee", date_cloture=aujourdhui, motif_cloture=_("Remplacée"))
        self._exiger_aucune_active()
        self._changer_etat("active", date_activation=aujourdhui)

    @transition("declarer_perte")
    def action_declarer_perte(self, motif=None):
        """Déclare la carte perdue ou volée : elle n'ouvre plus l'accès aux soins. Rend True, ou l'assistant de motif."""
        aujourdhui = aujourd_hui()
        self._changer_etat("perdue", date_perte=aujourdhui, date_cloture=aujourdhui, motif_cloture=motif)

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule la carte. Rend True, ou l'assistant de motif.

        :raise AccessError: carte déjà remise et usager qui n'est pas superviseur
        """
        self._changer_etat("annulee", date_cloture=aujourd_hui(), motif_cloture=motif)

    @transition("remplacer")
    def action_remplacer(self, motif=None):
        """Demande une nouvelle carte qui remplacera celle-ci ; rend l'action qui l'ouvre.

        :param motif: motif de demande (`perte`, `deterioration`, `renouvellement`, `correction`) ;
            vide : d'après l'état de la carte
        :raise UserError: carte encore en fabrication, remplacement déjà en cours
        """
        un_a_la_fois(self)
        en_cours = self.remplacee_par_ids.filtered(lambda c: c.state in EN_COURS)
        if en_cours:
            raise UserError(_("Le remplacement est déjà en cours : carte %s.", en_cours[0].numero))
        par_etat = {"perdue": "perte", "expiree": "renouvellement", "active": "deterioration"}
        motif = lire_texte(motif) or par_etat.get(self.state, "renouvellement")
        if motif not in dict(self._fields["motif_demande"].selection):
            raise UserError(_("Motif de demande inconnu : perte, deterioration, renouvellement ou correction."))
        nouvelle = self.create({
            "assure_id": self.assure_id.id, "remplace_id": self.id, "agence_id": self.agence_id.id,
            "motif_demande": motif,
        })
        return nouvelle._ouvrir()

    def action_imprimer(self):
        """Ouvre le PDF des cartes choisies, recto et verso au format ID-1."""
        return self._action_pdf("cartes")

    def action_imprimer_planche(self):
        """Ouvre le PDF des cartes choisies, dix par planche A4, recto puis verso."""
        return self._action_pdf("planche")

    def action_imprimer_accuse(self):
        """Ouvre l'accusé de remise à faire signer."""
        return self._action_pdf("accuse")

    @transition("mettre_en_lot")
    def action_mettre_en_lot(self):
        """Réunit les cartes demandées dans un lot d'impression ; rend l'action qui l'ouvre."""
        libres = self.filtered(lambda c: not c.lot_id)
        if not libres:
            raise UserError(_("Choisissez des cartes demandées qui ne sont pas déjà dans un lot."))
        lot = self.env["cnas.carte.lot"].create({"carte_ids": [fields.Command.set(libres.ids)]})
        return {"type": "ir.actions.act_window", "res_model": "cnas.carte.lot", "res_id": lot.id,
                "view_mode": "form", "name": _("Lot d'impression")}

    # ------------------------------------------------------------------ métier public
    def obtenir_pdf(self, forme="cartes"):
        """Rend le PDF des cartes pour un script.

        :param forme: `cartes` (ID-1, deux pages par carte), `planche` (A4, dix par page) ou `accuse`
        :return: {"nom", "type", "contenu" (base64)}
        :raise UserError: forme inconnue, carte pas encore produite, plus de 500 cartes
        """
        contenu = self._pdf(forme)
        return {"nom": self._nom_pdf(forme), "type": "application/pdf", "contenu": base64.b64encode(contenu).decode()}

    @api.model
    def verifier_qr(self, texte):
        """Vérifie le texte lu dans le QR d'une carte.

        :param str texte: l'adresse imprimée, ou le texte qu'elle porte (version|matricule|n° de carte|expiration|signature)
        :return: {"valide": bool, "motif", "matricule", "numero", "date_expiration"} — les trois derniers
            à False si la signature est fausse
        """
        self._exiger_lecteur()
        lu = self._lire_qr(texte)
        if not lu:
            return {"valide": False, "motif": _("Ce code n'a pas été signé par la CNAS."),
                    "matricule": False, "numero": False, "date_expiration": False}
        carte = self.sudo().search([("numero", "=", lu["numero"])], limit=1)
        motif = carte._motif_refus() if carte else _("Cette carte est inconnue.")
        return {"valide": not motif, "motif": motif or _("Carte active."), **lu}

    # ------------------------------------------------------------------ métier
    def _adresse_qr(self):
        """Rend ce que porte le QR imprimé : l'adresse de vérification, ou le texte nu tant qu'elle n'est pas réglée."""
        self.ensure_one()
        return adresse_de_carte(self.env["ir.config_parameter"]._adresse_publique(), self.qr_texte)

    @api.model
    def _trouver_par_qr(self, texte):
        """Rend la carte dont la caisse a signé ce QR, ou un ensemble vide."""
        lu = self._lire_qr(texte)
        return self.search([("numero", "=", lu["numero"])], limit=1) if lu else self.browse()

    def _etat_public(self):
        """Rend ce que la page publique dit d'une carte : aucun nom, aucune donnée de santé."""
        self.ensure_one()
        motif = self._motif_refus()
        etat = "valide" if not motif else {"perdue": "revoquee", "annulee": "revoquee"}.get(self.state) or (
            "expiree" if self.state == "expiree" or self.date_expiration < aujourd_hui() else "a_venir")
        return {"etat": etat, "texte": motif or _("Vérifiez que la carte est celle de la personne, et ses droits à la date des soins."),
                "numero": self.numero, "date_fin": self.date_expiration}

    def _motif_refus(self):
        """Rend la phrase qui dit pourquoi la carte n'ouvre pas l'accès aux soins, ou False."""
        self.ensure_one()
        return self._phrase_de_refus(self.state, self.date_expiration)

    @api.model
    def _phrase_de_refus(self, etat, expiration):
        """Rend la phrase que mérite une carte de cet état et de cette expiration, ou False si elle vaut."""
        if expiration and expiration < aujourd_hui():
            return _("Cette carte est expirée depuis le %s.", ecrire_date(expiration))
        phrases = {"perdue": _("Cette carte a été déclarée perdue."), "annulee": _("Cette carte a été annulée."),
                   "expiree": _("Cette carte est expirée.")}
        if etat in phrases:
            return phrases[etat]
        return etat != "active" and _("Cette carte n'est pas encore active.")

    def _identites_du_jour(self):
        """Rend l'identité imprimable.

        :return: {"matricule", "titulaire", "recto": [[étiquette, arabe, valeur]], "verso": [[étiquette, valeur]]}
        """
        self.ensure_one()
        # La carte porte les deux langues : ses mots se figent en français, ses étiquettes ont leur arabe à côté.
        with parler(FRANCAIS):
            return self.with_context(lang=FRANCAIS)._identites_ecrites()

    def _identites_ecrites(self):
        assure = self.assure_id
        principal, district = assure.assure_principal_id, assure.district_id
        liens = dict(assure._fields["lien"]._description_selection(self.env))
        genre = {"masculin": "M", "feminin": "F"}.get(assure.genre, "—")
        le = "" if assure.date_naissance_estimee else " le"
        return {
            "matricule": assure.matricule, "titulaire": assure.name,
            "recto": [
                *assure._lignes_du_nom(),
                (f"{est_ne(assure)}{le} · Sexe", "الميلاد، الجنس", f"{naissance(assure)} · {genre}"),
                ("Régime", "النظام", self.regime_id.name)],
            "verso": [
                ("Qualité", f"Ayant droit · {liens.get(assure.lien, '')}" if principal else "Assuré principal"),
                ("Assuré principal", f"{principal.name} · {principal.matricule}" if principal else False),
                ("District de rattachement", district.name), ("Province", district.province_id.name),
                ("Personne à prévenir", assure.personne_a_prevenir)],
        }

    def _destinataire(self):
        return self.assure_id

    @api.model
    def _message_qr(self, matricule, numero, expiration):
        return f"{VERSION_QR}|{matricule}|{numero}|{fields.Date.to_string(expiration)}"

    def _composer_qr(self, expiration):
        """Rend le texte signé du QR."""
        self.ensure_one()
        message = self._message_qr(self.assure_id.matricule, self.numero, expiration)
        return f"{message}|{outil.base64url(self.env['cnas.signature']._signer(message))}"

    @api.model
    def _lire_qr(self, texte):
        """Rend {"matricule", "numero", "date_expiration"} si la signature est juste, sinon None."""
        texte = texte_de_carte(texte)
        if not isinstance(texte, str) or len(texte) > 300 or texte.count("|") != 4:
            return None
        message, _separateur, signature = texte.rpartition("|")
        octets = outil.octets_base64url(signature)
        if not octets or not self.env["cnas.signature"]._verifier(message, octets):
            return None
        version, matricule, numero, expiration = message.split("|")
        if version != VERSION_QR:
            return None
        return {"matricule": matricule, "numero": numero, "date_expiration": expiration}

    @api.model
    def _empreinte_qr(self, texte):
        """Rend l'empreinte publiée dans la liste des cartes révoquées : SHA-256 tronqué à 128 bits."""
        return hashlib.sha256(texte.encode()).hexdigest()[:32]

    @api.model
    def _expiration_par_defaut(self, emission):
        annees = self.env["cnas.parametre"]._au("carte_validite_ans", emission)
        return emission + relativedelta(years=annees, days=-1)

    def _pdf(self, forme="cartes"):
        """Rend le PDF (bytes), après les contrôles de `_verifier_imprimable`."""
        self._verifier_imprimable(forme)
        return {"cartes": dessiner_cartes, "planche": dessiner_planches, "accuse": dessiner_accuses}[forme](self)

    def _verifier_imprimable(self, forme):
        self._exiger_lecteur()
        self.check_access_rights("read")
        self.check_access_rule("read")
        if forme not in ("cartes", "planche", "accuse"):
            raise UserError(_("Forme de document inconnue : cartes, planche ou accuse."))
        if not self:
            raise UserError(_("Choisissez au moins une carte."))
        if len(self) > CARTES_PAR_PDF:
            raise UserError(_("Imprimez au plus %s cartes à la fois : découpez le lot.", CARTES_PAR_PDF))
        a_produire = self.filtered(lambda c: not c.qr_texte)
        if a_produire:
            raise UserError(_("La carte %s n'est pas encore produite : produisez-la avant de l'imprimer.",
                              a_produire[0].numero))
        if forme == "accuse":
            refusees, phrase = self.filtered(lambda c: not c.date_remise), _("La carte %s n'est pas encore remise.")
        else:
            refusees = self.filtered(lambda c: c.state in ("perdue", "expiree", "annulee"))
            phrase = _("La carte %s est close : elle ne s'imprime plus.")
        if refusees:
            raise UserError(phrase % refusees[0].numero)

    def _nom_pdf(self, forme):
        debut = {"cartes": _("Carte"), "planche": _("Planche"), "accuse": _("Accusé de remise")}[forme]
        return f"{debut} {self.numero if len(self) == 1 else len(self)}.pdf"

    def _action_pdf(self, forme):
        self._verifier_imprimable(forme)  # un refus se dit ici, par une phrase, avant d'ouvrir un onglet
        ids = ",".join(map(str, self.ids))
        return {"type": "ir.actions.act_url", "url": f"/cnas/cartes/{forme}/{ids}", "target": "new"}

    def _ouvrir(self):
        return {"type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id,
                "view_mode": "form", "name": _("Carte sanitaire")}

    def _exiger_lecteur(self):
        self._exiger_groupe(
            ("cnas_base.group_agent", "cnas_base.group_medecin_conseil", "cnas_base.group_finance",
             "cnas_base.group_portail_formation"), _("lire une carte"))

    def _titulaire_inactif(self):
        """Rend {id: phrase} des cartes dont le titulaire n'est pas actif."""
        return {
            carte._origin.id: _("%s n'est pas un assuré actif : immatriculez-le ou réactivez-le d'abord.",
                                carte.assure_id.display_name)
            for carte in self if carte.assure_id.state != "actif" or carte.assure_id.date_deces}

    def _perimee(self):
        """Rend {id: phrase} des cartes dont la date d'expiration est passée."""
        aujourdhui = aujourd_hui()
        return {carte._origin.id: _("La carte %s est expirée : demandez-en une nouvelle.", carte.numero)
                for carte in self if carte.date_expiration and carte.date_expiration < aujourdhui}

    def _exiger_aucune_active(self):
        """Dit la phrase avant l'index unique partiel, qui tranche entre deux transactions."""
        autre = self.search([("assure_id", "in", self.assure_id.ids), ("state", "=", "active"),
                             ("id", "not in", self.ids)], limit=1)
        if autre or len(self.assure_id) < len(self):
            nom = (autre or self)[0].assure_id.display_name
            if not autre:
                raise UserError(_("%s a déjà une carte active : une seule à la fois.", nom))
            raise UserError(_(
                "%(nom)s a déjà une carte active (%(numero)s) : déclarez-la perdue, annulez-la ou remplacez-la.",
                nom=nom, numero=autre.numero))

    def _clore(self, motif):
        """Annule toutes les cartes vivantes du lot (radiation, décès, fusion). Rend True."""
        vivantes = self.filtered(lambda c: "annulee" in self._transitions.get(c.state, ()))
        if vivantes:
            vivantes._changer_etat("annulee", date_cloture=aujourd_hui(), motif_cloture=motif)
        return True

    @api.model
    def _empreintes_revoquees(self, limite):
        """Rend les empreintes des QR de cartes perdues ou annulées, pas encore expirées, les plus récentes d'abord."""
        self.flush_model(["state", "qr_empreinte", "date_expiration"])
        self.env.cr.execute("""
            SELECT qr_empreinte FROM cnas_carte
             WHERE state IN ('perdue', 'annulee') AND qr_empreinte IS NOT NULL AND date_expiration >= %s
             ORDER BY id DESC LIMIT %s
        """, (aujourd_hui(), limite))
        return [empreinte for (empreinte,) in self.env.cr.fetchall()]

    @api.model
    def _cron_expirer(self, limite=5000):
        """Tâche planifiée : fait expirer les cartes dont la date est passée. Rend leur nombre."""
        aujourdhui = aujourd_hui()
        echues = self.search([("state", "in", ("produite", "remise", "active")),
                              ("date_expiration", "<", aujourdhui)], limit=limite)
        with sans_suivi():
            echues._changer_etat("expiree", date_cloture=aujourdhui, motif_cloture=_("Date d'expiration passée"))
        return len(echues)
