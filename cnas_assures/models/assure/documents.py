from markupsafe import Markup, escape

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_nombre, masquer_matricule
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from ...report.famille_pdf import dessiner_familles
from ...report.identite import naissance
from ..carte import AGENT, EN_COURS, un_a_la_fois

FAMILLES_PAR_PDF = 200


@actions
class AssureDocuments(models.Model):
    """Cartes, attestations et pièces d'un assuré : compteurs, demandes, pièces manquantes."""

    _inherit = "cnas.assure"
    _papiers = {"ff": _lt("Fiche familiale")}

    _actions = {
        "demander_carte": Action(titre=_lt("Demander une carte"), seul=True, de=("actif",), roles=(AGENT,)),
        "commander_cartes": Action(titre=_lt("Commander les cartes"), de=("actif",), roles=(AGENT,),
                                   empeche=("_famille_sans_carte_a_commander",), annonce=False),
        "delivrer_attestation": Action(titre=_lt("Délivrer une attestation"), seul=True, de=("actif",), roles=(AGENT,)),
    }

    nombre_cartes = fields.Integer(string="Nombre de cartes", compute="_compute_nombres_documents")
    nombre_attestations = fields.Integer(string="Nombre d'attestations", compute="_compute_nombres_documents")
    nombre_pieces = fields.Integer(string="Nombre de pièces", compute="_compute_nombres_documents")
    carte_active_id = fields.Many2one(
        "cnas.carte", string="Carte active", compute="_compute_carte_active_id")
    piece_manquante_ids = fields.Many2many(
        "cnas.type_piece", string="Pièces obligatoires manquantes", compute="_compute_piece_manquante_ids")
    etat_pieces = fields.Html(
        string="État des pièces", compute="_compute_piece_manquante_ids", sanitize=False,
        help="Pièces obligatoires de son régime : fournie, expirée ou manquante.")

    # ------------------------------------------------------------------ calculs
    @api.depends("carte_ids", "attestation_ids", "piece_ids.state")
    def _compute_nombres_documents(self):
        pieces = [("state", "=", "deposee")]
        for champ, modele, domaine in (
            ("nombre_cartes", "cnas.carte", []),
            ("nombre_attestations", "cnas.attestation", []),
            ("nombre_pieces", "cnas.piece_administrative", pieces),
        ):
            comptes = dict(self.env[modele]._read_group(
                [("assure_id", "in", self.ids), *domaine], ["assure_id"], ["__count"]))
            for assure in self:
                assure[champ] = comptes.get(assure._origin, 0)

    @api.depends("carte_ids.state")
    def _compute_carte_active_id(self):
        actives = self.env["cnas.carte"].search([("assure_id", "in", self.ids), ("state", "=", "active")])
        par_assure = {carte.assure_id: carte for carte in actives}
        for assure in self:
            assure.carte_active_id = par_assure.get(assure._origin, False)

    @api.depends("regime_id", "type_assure", "lien", "date_naissance",
                 "piece_ids.state", "piece_ids.type_piece_id", "piece_ids.date_expiration")
    def _compute_piece_manquante_ids(self):
        types = self.env["cnas.type_piece"].sudo().search([("usage", "=", "assure"), ("regime_ids", "!=", False)])
        for assure in self:
            etats = assure._etat_des_pieces(types)
            assure.piece_manquante_ids = types.browse(
                [type_piece.id for type_piece, etat in etats if etat != "fournie"])
            assure.etat_pieces = self._etat_pieces_html(etats)

    def _etat_des_pieces(self, types):
        """Rend [(type de pièce, "fournie"|"expiree"|"manquante")] pour les pièces obligatoires de l'assuré."""
        self.ensure_one()
        aujourdhui = aujourd_hui()
        deposees = self.piece_ids.filtered(lambda p: p.state == "deposee")
        etats = []
        for type_piece in types.filtered(lambda t: t._concerne(self)):
            siennes = deposees.filtered(lambda p, t=type_piece: p.type_piece_id._origin == t)
            if siennes.filtered(lambda p: not p.date_expiration or p.date_expiration >= aujourdhui):
                etats.append((type_piece, "fournie"))
            else:
                etats.append((type_piece, "expiree" if siennes else "manquante"))
        return etats

    @api.model
    def _etat_pieces_html(self, etats):
        styles = {"fournie": ("text-bg-success", _("fournie")), "expiree": ("text-bg-warning", _("expirée")),
                  "manquante": ("text-bg-danger", _("manquante"))}
        if not etats:
            return Markup("<span class='text-muted'>%s</span>") % _("Aucune pièce obligatoire pour ce dossier.")
        puces = Markup(" ").join(
            Markup("<span class='badge rounded-pill %s me-1 mb-1'>%s : %s</span>")
            % (styles[etat][0], escape(type_piece.name), styles[etat][1]) for type_piece, etat in etats)
        return Markup("<div>%s</div>") % puces

    # ------------------------------------------------------------------ actions
    @transition("demander_carte")
    def action_demander_carte(self):
        """Crée la demande de carte de l'assuré ; rend l'action qui l'ouvre.

        :raise UserError: assuré inactif, carte déjà en fabrication, carte active (à remplacer)
        """
        un_a_la_fois(self)
        en_cours = self.carte_ids.filtered(lambda c: c.state in EN_COURS)
        if en_cours:
            raise UserError(_("Une carte est déjà en cours pour %(nom)s : %(carte)s.",
                              nom=self.name, carte=en_cours[0].numero))
        anciennes = self.carte_ids.filtered(lambda c: c.state in ("active", "perdue", "expiree"))
        if anciennes:
            return anciennes.sorted(lambda c: (c.state == "active", c.id))[-1].action_remplacer()
        return self.env["cnas.carte"].create({"assure_id": self.id})._ouvrir()

    @transition("commander_cartes")
    def action_commander_cartes(self):
        """Demande d'un trait la première carte de chaque membre actif de la famille qui n'en a jamais eu.

        :return: l'action qui ouvre les cartes demandées
        """
        membres = self._sans_carte()
        un_a_la_fois(membres)
        cartes = self.env["cnas.carte"].create([{"assure_id": membre.id} for membre in membres])
        return {"type": "ir.actions.act_window", "name": _("Cartes commandées"), "res_model": "cnas.carte",
                "view_mode": "tree,kanban,form", "domain": [("id", "in", cartes.ids)]}

    @transition("delivrer_attestation")
    def action_delivrer_attestation(self):
        """Délivre une attestation aux dates proposées ; rend l'action qui l'ouvre.

        :raise UserError: droits fermés ou assuré inactif
        """
        attestation = self.env["cnas.attestation"].create({"assure_id": self.id})
        return {"type": "ir.actions.act_window", "name": _("Attestation"), "res_model": "cnas.attestation",
                "res_id": attestation.id, "view_mode": "form"}

    def action_preparer_attestation(self):
        """Ouvre l'assistant de délivrance (dates, objet) : rien n'est délivré avant « Délivrer ».

        :raise UserError: droits fermés ou assuré inactif, dit avant toute saisie
        """
        self.ensure_one()
        jour = aujourd_hui()
        self.env["cnas.attestation"]._exiger_droits_ouverts(
            self, jour, self._droits_par_lot([(self.id, jour)])[self.id, jour])
        return {**self.env["ir.actions.act_window"]._for_xml_id("cnas_assures.attestation_wizard_action"),
                "context": {"default_assure_id": self.id}}

    def action_voir_cartes(self):
        """Ouvre les cartes de l'assuré."""
        return self._action_documents("cnas.carte", _("Cartes sanitaires"), "kanban,tree,form")

    def action_voir_attestations(self):
        """Ouvre les attestations de l'assuré."""
        return self._action_documents("cnas.attestation", _("Attestations"), "tree,form")

    def action_voir_pieces(self):
        """Ouvre les pièces administratives de l'assuré."""
        return self._action_documents("cnas.piece_administrative", _("Pièces administratives"), "tree,form")

    def action_imprimer_famille(self):
        """Ouvre la fiche familiale A4 : le principal, ses ayants droit, leurs droits et leurs cartes."""
        self._verifier_imprimable_famille()  # un refus se dit ici, par une phrase, avant d'ouvrir un onglet
        ids = ",".join(map(str, self.ids))
        return {"type": "ir.actions.act_url", "url": f"/cnas/famille/{ids}", "target": "new"}

    # ------------------------------------------------------------------ métier
    def _sans_carte(self):
        """Rend les membres actifs de ces familles qui n'ont jamais eu de carte."""
        membres = (self | self.ayant_droit_ids).filtered(lambda a: a.state == "actif")
        pourvus = self.env["cnas.carte"]._read_group(
            [("assure_id", "in", membres.ids), ("state", "!=", "annulee")], ["assure_id"])
        return membres - membres.browse([assure.id for (assure,) in pourvus])

    def _famille_sans_carte_a_commander(self):
        """Rend {id: phrase} de ceux qui n'ont pas de famille, ou dont toute la famille a déjà ses cartes."""
        manquants = self._sans_carte()
        return {a._origin.id: _("personne n'attend de première carte dans cette famille.") for a in self
                if not a.ayant_droit_ids or not (a._origin | a.ayant_droit_ids._origin) & manquants}

    def _faits_du_papier(self, code):
        return [(_("Matricule"), masquer_matricule(self.matricule)), (_("Ayants droit"), ecrire_nombre(len(self.ayant_droit_ids)))]

    def _pdf_famille(self):
        """Rend le PDF (bytes) de la fiche des familles, après contrôle du rôle et du nombre."""
        self._verifier_imprimable_famille()
        return dessiner_familles(self.famille_id or self)

    def _verifier_imprimable_famille(self):
        self._exiger_groupe(
            ("cnas_base.group_agent", "cnas_base.group_medecin_conseil", "cnas_base.group_finance"),
            _("imprimer une fiche familiale"))
        self.check_access_rights("read")
        self.check_access_rule("read")
        if not self or len(self) > FAMILLES_PAR_PDF:
            raise UserError(_("Choisissez de 1 à %s assurés.", FAMILLES_PAR_PDF))

    def _nom_pdf_famille(self):
        return _("Fiche familiale %s.pdf", self.matricule if len(self) == 1 else len(self))

    def action_corriger_identite(self):
        """Ouvre une demande de correction d'identité pour cet assuré.

        :return: action de fenêtre
        """
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "name": _("Demander une correction d'identité"),
            "res_model": "cnas.correction_identite", "view_mode": "form", "context": {"default_assure_id": self.id},
        }

    def _changer_etat(self, cible, **valeurs):
        """À la radiation, les cartes sont annulées et les attestations révoquées."""
        resultat = super()._changer_etat(cible, **valeurs)
        if cible == "radie":
            self._clore_documents(_("Assuré radié"))
        return resultat

    def _clore_documents(self, motif):
        """Annule les cartes vivantes et révoque les attestations en cours (radiation, décès). Rend True."""
        self.carte_ids._clore(motif)
        attestations = self.attestation_ids.filtered(lambda a: a.state == "delivree")
        if attestations:
            attestations._revoquer(motif)
        return True

    def _destinataire(self):
        return self

    def _lignes_attestation(self):
        """Rend les lignes d'identité de l'attestation : (étiquette française, arabe, valeur dans la langue du papier). À étendre par héritage."""
        self.ensure_one()
        liens = dict(self._fields["lien"]._description_selection(self.env))
        principal = self.assure_principal_id
        qualite = _("%(lien)s de %(nom)s", lien=liens.get(self.lien, ""), nom=principal.name) if principal else (
            _("Assurée principale") if self.genre == "feminin" else _("Assuré principal"))
        lieu = ", ".join(filter(None, (self.lieu_naissance, self.province_naissance_id.name)))
        return [
            *self._lignes_du_nom(),
            ("Matricule", "رقم التسجيل", self.matricule),
            ("Date de naissance", "تاريخ الميلاد", naissance(self)),
            ("Lieu de naissance", "مكان الميلاد", lieu), ("Qualité", "الصفة", qualite),
            ("District de rattachement", "الدائرة", self.district_id.name),
        ]

    def _lignes_du_nom(self):
        """Rend les lignes imprimées du nom ; qui n'en porte qu'un n'a pas de ligne « Prénom » vide."""
        lignes = ("Nom", "اللقب", self.nom, self.nom_ar), ("Prénom", "الاسم", self.prenom, self.prenom_ar)
        # Une tabulation sépare les deux écritures : l'arabe s'imprime à droite.
        return [(francais, arabe, "\t".join(filter(None, noms))) for francais, arabe, *noms in lignes if noms[0]]

    def _action_documents(self, modele, titre, vues):
        self.ensure_one()
        return {"type": "ir.actions.act_window", "name": titre, "res_model": modele, "view_mode": vues,
                "domain": [("assure_id", "=", self.id)], "context": {"default_assure_id": self.id}}
