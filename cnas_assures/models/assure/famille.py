from datetime import date, timedelta

from markupsafe import Markup, escape

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.lecture import lire_motif

from .circuit import AGENT, TOUT_ETAT
from .dossier import LIENS


@actions
class AssureFamille(models.Model):
    """Familles : rattacher, sortir, changer de principal ; liens datés, arbre lisible."""

    _inherit = "cnas.assure"

    _actions = {
        "rattacher": Action(titre=_lt("Rattacher"), seul=True, de=("brouillon", "actif", "suspendu"), roles=(AGENT,)),
        "sortir_famille": Action(titre=_lt("Sortie de famille"), de=TOUT_ETAT, roles=(AGENT,), motif=True, date=True),
        "changer_principal": Action(titre=_lt("Changer de principal"), seul=True, de=TOUT_ETAT, roles=(AGENT,)),
        "immatriculer_famille": Action(titre=_lt("Immatriculer la famille"), de=("brouillon", "actif"), roles=(AGENT,),
                                       empeche=("_sans_brouillon_en_famille",), annonce=False),
    }
    _champs_geles = ("mere_id",)

    mere_id = fields.Many2one(
        "cnas.assure", string="Mère", readonly=True, copy=False, index="btree_not_null", ondelete="set null",
        help="La mère, quand le nom donné est celui d'une seule femme de la famille.")

    arbre_famille = fields.Html(string="Arbre familial", compute="_compute_arbre_famille", sanitize=False)

    # ------------------------------------------------------------------ contraintes
    @api.constrains("assure_principal_id", "lien", "type_assure")
    def _check_famille(self):
        rattaches = self.filtered("assure_principal_id")
        if not rattaches:
            return
        principaux = rattaches.assure_principal_id.sudo()
        # Deux rattachements croisés au même instant ne doivent pas passer tous les deux.
        self.env.cr.execute("SELECT id FROM cnas_assure WHERE id = ANY(%s) ORDER BY id FOR SHARE", (principaux.ids,))
        avec_famille = {p.id for (p,) in self.sudo().with_context(active_test=False)._read_group(
            [("assure_principal_id", "in", rattaches.ids)], ["assure_principal_id"])}
        for assure in rattaches:
            principal = assure.assure_principal_id
            if principal.type_assure != "principal":
                raise ValidationError(_(
                    "%(principal)s est déjà ayant droit de %(autre)s : il ne peut pas être l'assuré principal "
                    "de %(nom)s.", principal=principal.name, autre=principal.assure_principal_id.name, nom=assure.name))
            if assure.id in avec_famille:
                raise ValidationError(_(
                    "%s a lui-même des ayants droit : passez par « Changer de principal ».", assure.name))
            if principal.state == "radie":
                raise ValidationError(_("%s est radié : il ne peut plus avoir d'ayants droit.", principal.name))
        self._verifier_nombre_conjoints(principaux)

    def _verifier_nombre_conjoints(self, principaux):
        maximum = self.env["cnas.parametre"]._au("max_conjoints")
        comptes = self.sudo()._read_group(
            [("assure_principal_id", "in", principaux.ids), ("lien", "=", "conjoint"), ("state", "!=", "radie")],
            ["assure_principal_id"], ["__count"], having=[("__count", ">", maximum)])
        if comptes:
            raise ValidationError(_("%(nom)s aurait plus de %(max)s conjoints : vérifiez le lien.",
                                    nom=comptes[0][0].name, max=maximum))

    # ------------------------------------------------------------------ actions
    @transition("rattacher")
    def action_rattacher(self, principal_id, lien, date=None):
        """Rattache un principal sans famille, déjà immatriculé, à un autre principal.

        :param int principal_id: le futur assuré principal
        :param str lien: conjoint, enfant, ascendant ou autre
        :param date: premier jour du lien, aujourd'hui par défaut
        :return: True
        """
        principal = self._lire_enregistrement("cnas.assure", principal_id)
        if not principal or lien not in tuple(dict(LIENS)):
            raise UserError(_("Choisissez un assuré principal existant et un lien : conjoint, enfant, ascendant, autre."))
        jour = self._lire_date(date)
        self._sortir_de_famille(jour, _("Rattachement à %s", principal.name))
        self._entrer_dans_famille(principal, lien, jour)
        self._fermer_droits_propres(jour, _("Rattaché à %s", principal.name))

    @transition("sortir_famille")
    def action_sortir_famille(self, motif=None, date=None):
        """Met fin au lien d'un ayant droit (divorce, majorité, départ) : ses droits dérivés cessent.

        La personne garde son matricule et devient assuré principal, sans droits propres.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :param date: premier jour hors de la famille, aujourd'hui par défaut
        :return: True, ou l'action de l'assistant
        """
        if any(assure.type_assure != "ayant_droit" for assure in self):
            raise UserError(_("Seul un ayant droit sort d'une famille ; pour le principal, changez de principal."))
        self._sortir_de_famille(self._lire_date(date), motif)

    @transition("changer_principal")
    def action_changer_principal(self, nouveau_id, motif=None, date=None):
        """Fait d'un ayant droit le principal de la famille (veuvage, départ, emploi).

        Les autres membres le suivent ; l'ancien principal devient son ayant droit, sauf s'il
        est décédé ou radié. Les droits de la famille continuent sous le nouveau principal.

        :param int nouveau_id: l'ayant droit qui devient principal
        :param str motif: obligatoire
        :param date: premier jour sous le nouveau principal, aujourd'hui par défaut
        :return: True
        """
        motif = lire_motif(motif)
        if not motif:
            raise UserError(_("Un changement de principal a un motif : dites lequel."))
        nouveau = self._lire_enregistrement("cnas.assure", nouveau_id)
        if not nouveau or nouveau.assure_principal_id != self:
            raise UserError(_("Choisissez le nouveau principal parmi les ayants droit de %s.", self.name))
        if nouveau.state != "actif" or nouveau.date_deces:
            raise UserError(_("%s n'est pas actif : il ne peut pas devenir assuré principal.", nouveau.name))
        self._transmettre_famille(nouveau, self._lire_date(date), motif)

    @transition("immatriculer_famille")
    def action_immatriculer_famille(self):
        """Immatricule d'un trait le principal et ses ayants droit encore en brouillon ; un seul incomplet, et rien n'est fait.

        :return: True
        :raise UserError: identité incomplète de l'un d'eux
        """
        (self | self.ayant_droit_ids).filtered(lambda a: a.state == "brouillon").action_immatriculer()

    def action_voir_famille(self):
        """Montre la famille : le principal et ses ayants droit.

        :return: action de fenêtre
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_assures.assure_action")
        return {**action, "name": _("Famille de %s", self.famille_id.name),
                "domain": [("famille_id", "=", self.famille_id.id)]}

    # ------------------------------------------------------------------ privé : liens
    def _sans_brouillon_en_famille(self):
        """Rend {id: phrase} de ceux dont aucun ayant droit n'attend d'être immatriculé."""
        avec = {p.id for (p,) in self._read_group(
            [("assure_principal_id", "in", self.ids), ("state", "=", "brouillon")], ["assure_principal_id"])}
        return {a._origin.id: _("aucun ayant droit à immatriculer dans cette famille.")
                for a in self if a._origin.id not in avec}

    def _relier_meres(self, a_nouveau=False):
        """Relie à sa mère chaque enfant de ces familles dont le nom de mère est celui d'une seule femme de la famille.

        :param a_nouveau: le nom de leur mère vient de changer, celle d'avant ne vaut plus
        """
        if a_nouveau:
            self.filtered("mere_id")._ecrire({"mere_id": False})
        self.flush_model(["famille_id", "lien", "genre", "nom", "prenom", "name", "nom_mere", "mere_id"])
        self.env.cr.execute("""
            WITH trouvees AS (
                SELECT e.id, min(m.id) AS mere_id
                  FROM cnas_assure e
                  JOIN cnas_assure m ON m.famille_id = e.famille_id AND m.id <> e.id AND m.genre = 'feminin'
                       AND (m.lien IS NULL OR m.lien = 'conjoint')
                       AND lower(e.nom_mere) IN (lower(m.name), lower(m.prenom || ' ' || m.nom))
                 WHERE e.lien = 'enfant' AND e.mere_id IS NULL
                       AND e.famille_id IN (SELECT famille_id FROM cnas_assure WHERE id = ANY(%s))
              GROUP BY e.id HAVING count(*) = 1)
            UPDATE cnas_assure e SET mere_id = t.mere_id FROM trouvees t WHERE e.id = t.id RETURNING e.id""", (self.ids,))
        self.browse([rang[0] for rang in self.env.cr.fetchall()]).invalidate_recordset(["mere_id"])

    def _fixer_famille(self):
        """Écrit `famille_id` (le principal, ou soi) pour tout le lot en une requête."""
        self.flush_model(["assure_principal_id", "famille_id"])
        self.env.cr.execute(
            """UPDATE cnas_assure SET famille_id = COALESCE(assure_principal_id, id)
                WHERE id = ANY(%s) AND famille_id IS DISTINCT FROM COALESCE(assure_principal_id, id)""",
            (self.ids,))
        self.invalidate_recordset(["famille_id"])

    def _liens_en_cours(self):
        """Rend les liens sans fin de ces membres."""
        return self.env["cnas.lien_familial"].sudo().search([("membre_id", "in", self.ids), ("date_fin", "=", False)])

    def _synchroniser_liens(self):
        """Donne à chaque ayant droit en brouillon son lien daté (une création pour tout le lot)."""
        brouillons = self.filtered(lambda a: a.state == "brouillon")
        liens = brouillons._liens_en_cours()
        liens._supprimer()
        liens._creer([{
            "membre_id": assure.id, "principal_id": assure.assure_principal_id.id, "lien": assure.lien,
            "date_debut": assure._debut_lien()} for assure in brouillons if assure.assure_principal_id])

    def _debut_lien(self):
        """Rend le premier jour du lien : la naissance pour un enfant, l'affiliation pour les autres."""
        self.ensure_one()
        if self.lien == "enfant" and self.date_naissance:
            return self.date_naissance
        return self.date_affiliation or self._date_affiliation_defaut()

    def _dater_liens(self):
        """Recale, à l'immatriculation, le début des liens des ayants droit."""
        for lien in self._liens_en_cours():
            debut = lien.membre_id._debut_lien()
            if lien.date_debut != debut:
                lien._ecrire({"date_debut": debut})

    def _sortir_de_famille(self, jour, motif):
        """Termine les liens en cours la veille de `jour` et fait de ces personnes des principaux."""
        liens = self._liens_en_cours()
        sans_effet = liens.filtered(lambda lien: lien.date_debut >= jour)
        (liens - sans_effet)._ecrire({"date_fin": jour - timedelta(days=1), "motif_fin": motif})
        sans_effet._supprimer()
        sortants = self.filtered("assure_principal_id")
        sortants._ecrire({"type_assure": "principal", "assure_principal_id": False, "lien": False})
        for assure in sortants:
            assure.message_post(body=_("Sortie de famille au %(date)s : %(motif)s",
                                       date=ecrire_date(jour), motif=motif))

    def _entrer_dans_famille(self, principal, lien, jour):
        """Fait de cette personne l'ayant droit de `principal` à compter de `jour`."""
        self.ensure_one()
        self._ecrire({
            "type_assure": "ayant_droit", "assure_principal_id": principal.id, "lien": lien,
            "regime_id": principal.regime_id.id})
        if self.state != "brouillon":
            self.env["cnas.lien_familial"].sudo()._creer([{
                "membre_id": self.id, "principal_id": principal.id, "lien": lien, "date_debut": jour}])

    def _fermer_droits_propres(self, jour, motif):
        """Arrête à la veille de `jour` les droits propres d'une personne qui devient ayant droit."""
        ouverts = self.env["cnas.droit"].sudo().search([
            ("assure_id", "in", self.ids), ("state", "=", "ouvert"),
            "|", ("date_fin", "=", False), ("date_fin", ">=", jour)])
        ouverts._couper(jour)._effacer()
        if ouverts.exists():
            self.message_post(body=_("Droits propres arrêtés : %s.", motif))

    def _transmettre_famille(self, nouveau, jour, motif):
        """Passe la famille et ses droits de ce principal à `nouveau`, à compter de `jour`."""
        Droit = self.env["cnas.droit"].sudo()
        lien_du_nouveau = nouveau.lien
        autres = [(membre, membre.lien) for membre in self.ayant_droit_ids - nouveau]
        ouverts = Droit.search([("assure_id", "=", self.id), ("state", "=", "ouvert"),
                                "|", ("date_fin", "=", False), ("date_fin", ">=", jour)])
        fin = ouverts[:1].date_fin
        (nouveau | self.ayant_droit_ids)._sortir_de_famille(jour, motif)
        if ouverts:
            ouverts._couper(jour)._effacer()
            nouveau._fermer_droits_propres(jour, motif)
            Droit._ouvrir([{
                "assure_id": nouveau.id, "regime_id": self.regime_id.id, "date_debut": jour, "date_fin": fin,
                "origine": "changement_principal", "motif": motif}])
        for membre, lien in autres:
            membre._entrer_dans_famille(nouveau, self._lien_apres(lien, lien_du_nouveau), jour)
        if self.state == "actif" and not self.date_deces:
            inverse = {"conjoint": "conjoint", "enfant": "ascendant", "ascendant": "enfant"}
            self._entrer_dans_famille(nouveau, inverse.get(lien_du_nouveau, "autre"), jour)
        for assure in self | nouveau:
            assure.message_post(body=_("%(nouveau)s devient le principal de la famille au %(date)s : %(motif)s",
                                       nouveau=nouveau.name, date=ecrire_date(jour), motif=motif))

    @api.model
    def _lien_apres(self, lien, lien_du_nouveau):
        """Rend le lien d'un membre avec le nouveau principal, selon ce qu'était celui-ci.

        Le conjoint survivant garde les enfants ; un co-conjoint ou un parent par alliance devient « autre ».
        """
        if lien_du_nouveau == "conjoint":
            return "enfant" if lien == "enfant" else "autre"
        if lien_du_nouveau == "enfant":
            return "ascendant" if lien == "conjoint" else "autre"
        return "autre"

    # ------------------------------------------------------------------ arbre
    @api.depends("assure_principal_id", "ayant_droit_ids", "assure_principal_id.ayant_droit_ids", *(
        f"ayant_droit_ids.{champ}" for champ in ("lien", "state", "name", "date_naissance", "nom_mere")))
    def _compute_arbre_famille(self):
        for assure in self:
            principal = assure.assure_principal_id or assure
            membres = principal.ayant_droit_ids
            assure.arbre_famille = assure._dessiner_arbre(principal, membres) if membres else Markup(
                '<p class="text-muted">%s</p>') % _("Aucun ayant droit : cette personne est seule dans sa famille.")

    def _dessiner_arbre(self, principal, membres):
        """Rend l'arbre en HTML : ascendants au-dessus, principal et conjoints, puis les enfants, par mère et par âge.

        Un membre qu'on est en train de saisir n'a encore ni nom, ni lien, ni date.
        """
        def boite(personne, legende):
            est_soi = personne._origin and personne._origin == self._origin
            return Markup(
                '<div class="o_cnas_personne%s"><strong>%s</strong><br/><small>%s · %s</small></div>') % (
                    " o_cnas_personne_ici" if est_soi else "", personne.name or _("à compléter"),
                    legende, personne.age_detail or _("âge inconnu"))

        def mere(enfant):
            return enfant.mere_id.name or enfant.nom_mere or ""

        libelles = dict(self._fields["lien"]._description_selection(self.env))
        enfants = membres.filtered(lambda m: m.lien == "enfant").sorted(
            lambda m: (mere(m).casefold(), m.date_naissance or date.max))
        rangs = [
            [(m, libelles[m.lien]) for m in membres if m.lien == "ascendant"],
            [(principal, _("Assuré principal"))] + [(m, libelles[m.lien]) for m in membres if m.lien == "conjoint"],
            [(m, _("Enfant de %s", mere(m)) if mere(m) else libelles["enfant"]) for m in enfants],
            [(m, libelles.get(m.lien) or "") for m in membres if m.lien not in ("ascendant", "conjoint", "enfant")],
        ]
        lignes = Markup("").join(
            Markup('<div class="o_cnas_rang">%s</div>') % Markup("").join(boite(p, escape(t)) for p, t in rang)
            for rang in rangs if rang)
        return Markup('<div class="o_cnas_arbre">%s</div>') % lignes
