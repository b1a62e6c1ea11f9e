
from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_bornes, lire_date, lire_effet, lire_motif

from ..droit import INFINI, SANCTIONS, UN_JOUR

AGENT, CONTROLEUR, SUPERVISEUR = (f"cnas_base.group_{role}" for role in ("agent", "controleur", "superviseur"))
TOUT_ETAT = ("brouillon", "actif", "suspendu", "radie")

ORIGINE_PAR_REGIME = {"AMED": "decision_amed", "ASS": "affiliation", "ASI": "affiliation"}


@actions
class AssureCircuit(models.Model):
    """Circuit de l'assuré : immatriculer, suspendre, réactiver, radier, décès, changement de régime."""

    _inherit = "cnas.assure"

    _actions = {
        "immatriculer": Action(titre=_lt("Immatriculer"), de=("brouillon",), vers=("actif",), roles=(AGENT,),
                               empeche=("_identite_incomplete", "_double_sans_decision")),
        "suspendre": Action(titre=_lt("Suspendre"), de=("actif",), vers=("suspendu",), roles=(CONTROLEUR,), motif=True,
                            date=True, fin=True),
        "reactiver": Action(titre=_lt("Réactiver"), de=("suspendu",), vers=("actif",), roles=(CONTROLEUR,)),
        "corriger_suspension": Action(
            titre=_lt("Corriger la suspension"), de=("actif", "suspendu"), roles=(CONTROLEUR,),
            quatre_yeux=("suspendu_par_id",), motif=True, date=True, fin=True, seul=True, empeche=("_jamais_suspendu",)),
        "radier": Action(titre=_lt("Radier"), de=("actif", "suspendu"), vers=("radie",), roles=(SUPERVISEUR,),
                         motif=True, date=True),
        "declarer_deces": Action(titre=_lt("Déclarer un décès"), seul=True, de=TOUT_ETAT, roles=(AGENT,)),
        "changer_regime": Action(titre=_lt("Changer de régime"), seul=True, de=("actif",), roles=(AGENT,)),
        "maintenir_droits": Action(titre=_lt("Maintenir les droits"), de=TOUT_ETAT, roles=(SUPERVISEUR,)),
    }

    _champs_geles = ("suspendu_par_id",)

    suspendu_par_id = fields.Many2one("res.users", string="Suspendu par", readonly=True, copy=False, ondelete="restrict")

    # ------------------------------------------------------------------ actions
    @transition("immatriculer")
    def action_immatriculer(self):
        """Immatricule des brouillons : vérifie l'identité, ouvre les droits, passe à « Actif ».

        Les droits du principal s'ouvrent à `date_affiliation` (aujourd'hui si elle est vide),
        sauf si une période a déjà été saisie. Ceux de l'ayant droit dérivent de son principal.

        :return: True
        :raise UserError: identité incomplète, principal non immatriculé, état autre que brouillon
        """
        aujourdhui = aujourd_hui()
        principaux = self.filtered(lambda a: a.type_assure == "principal")
        for assures in (principaux, self - principaux):
            assures._verifier_principal_actif()
            for assure in assures.filtered(lambda a: not a.date_affiliation):
                assure._ecrire({"date_affiliation": assure._date_affiliation_defaut()})
            if assures:
                assures._changer_etat("actif", date_immatriculation=aujourdhui, motif_etat=False)
        (self - principaux)._dater_liens()
        principaux._ouvrir_droits()

    @transition("suspendre")
    def action_suspendre(self, motif=None, date=None, date_fin=None):
        """Suspend des assurés : leurs droits sont fermés du premier au dernier jour, l'un et l'autre compris.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :param date: premier jour sans droits, aujourd'hui par défaut ; passé (écrite après coup) ou à venir
        :param date_fin: dernier jour sans droits ; vide : jusqu'à la réactivation
        :return: True, ou l'action de l'assistant
        """
        self._suspendre(motif, *lire_bornes(date, date_fin, _("la suspension")))

    @transition("reactiver")
    def action_reactiver(self, date=None):
        """Rend leurs droits à des assurés suspendus.

        :param date: premier jour de nouveau couvert, aujourd'hui par défaut
        :return: True
        """
        self._changer_etat("actif", motif_etat=False)
        self._rouvrir_droits(self._lire_date(date))

    @transition("corriger_suspension")
    def action_corriger_suspension(self, motif=None, date=None, date_fin=None):
        """Remplace la dernière suspension par de nouvelles dates : une autre personne que celle qui l'a décidée.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :param date: premier jour sans droits ; vide : la suspension était une erreur, elle disparaît
        :param date_fin: dernier jour sans droits
        :return: True, ou l'action de l'assistant
        """
        bornes = date and lire_bornes(date, date_fin, _("la suspension"))
        self._defaire_suspension()
        if bornes:
            self._suspendre(motif, *bornes)
        self.message_post(body=_("Suspension corrigée. Motif : %s", motif))

    @transition("radier")
    def action_radier(self, motif=None, date=None):
        """Radie définitivement : les droits se ferment à compter de `date`.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :param date: premier jour sans droits (date ou AAAA-MM-JJ), aujourd'hui par défaut, jamais future
        :return: True, ou l'action de l'assistant
        """
        jour = lire_effet(date, _("La radiation"))
        self._changer_etat("radie", motif_etat=motif, date_radiation=jour)
        self._fermer_droits(jour, motif, "radiation")

    @transition("declarer_deces")
    def action_declarer_deces(self, date=None):
        """Enregistre un décès : droits fermés dès le lendemain, maintien des droits des survivants.

        :param date: date du décès (date ou AAAA-MM-JJ)
        :return: True
        """
        if not date:
            raise UserError(_("Donnez la date du décès."))
        self.write({"date_deces": self._lire_date(date)})

    @transition("changer_regime")
    def action_changer_regime(self, regime_id, motif=None, date=None):
        """Change le régime d'un principal (et de sa famille) : nouvelle période de droits.

        :param int regime_id: le nouveau régime
        :param str motif: obligatoire
        :param date: premier jour sous le nouveau régime, aujourd'hui par défaut
        :return: True
        """
        motif = lire_motif(motif)
        if not motif:
            raise UserError(_("Un changement de régime a un motif : dites lequel."))
        regime = self._lire_enregistrement("cnas.regime", regime_id)
        if not regime:
            raise UserError(_("Ce régime n'existe pas."))
        if self.type_assure != "principal":
            raise UserError(_("Seul le régime d'un assuré principal se change ; ses ayants droit suivent."))
        if regime == self.regime_id:
            raise UserError(_("%(nom)s relève déjà du régime %(regime)s.", nom=self.name, regime=regime.name))
        jour = self._lire_date(date)
        droits = self.env["cnas.droit"].sudo()
        ouverts = droits.search([("assure_id", "=", self.id), ("state", "=", "ouvert"),
                                 "|", ("date_fin", "=", False), ("date_fin", ">=", jour)])
        suivants = ouverts._couper(jour)
        suivants._effacer()
        (self | self.ayant_droit_ids)._ecrire({"regime_id": regime.id})
        droits._ouvrir([{
            "assure_id": self.id, "regime_id": regime.id, "date_debut": jour,
            "origine": "changement_regime", "motif": motif}])
        self.message_post(body=_("Changement de régime au %(date)s : %(regime)s. Motif : %(motif)s",
                                 date=ecrire_date(jour), regime=regime.name, motif=motif))

    @transition("maintenir_droits")
    def action_maintenir_droits(self, date_fin, motif=None):
        """Maintient des droits après leur fin (cessation d'activité, divorce, veuvage).

        :param date_fin: dernier jour du maintien (date ou AAAA-MM-JJ)
        :param str motif: obligatoire
        :return: True
        """
        motif = lire_motif(motif)
        if not motif:
            raise UserError(_("Un maintien de droits a un motif : dites lequel."))
        self._maintenir(self._lire_date(date_fin), motif)

    # ------------------------------------------------------------------ privé : vérifications
    def _identite_incomplete(self):
        """Rend {id: phrase} des assurés dont l'identité ne suffit pas à l'immatriculation."""
        raisons = {}
        manques = (("date_naissance", _("la date de naissance")), ("genre", _("le genre")),
                   ("regime_id", _("le régime")))
        for assure in self:
            absents = [libelle for champ, libelle in manques if not assure[champ]]
            if absents:
                raisons[assure._origin.id] = _("Pour immatriculer %(nom)s, il manque : %(quoi)s.",
                                               nom=assure.name, quoi=", ".join(absents))
            elif assure.ne_a_l_etranger and not assure.pays_naissance_id:
                raisons[assure._origin.id] = _("%s est né(e) à l'étranger : donnez le pays de naissance.", assure.name)
        return raisons

    def _verifier_principal_actif(self):
        for assure in self:
            principal = assure.assure_principal_id
            if principal and principal.state != "actif":
                raise UserError(_(
                    "L'assuré principal de %(nom)s, %(principal)s, n'est pas actif : immatriculez-le d'abord.",
                    nom=assure.name, principal=principal.name))

    def _date_affiliation_defaut(self):
        """Rend la date d'affiliation d'un assuré qui n'en a pas donné.

        Le principal : aujourd'hui. L'enfant : sa naissance, sans précéder l'affiliation de son
        principal. Un autre ayant droit : celle du principal s'il est inscrit avec lui, le jour même.
        """
        self.ensure_one()
        aujourdhui = aujourd_hui()
        principal = self.assure_principal_id
        if not principal:
            return aujourdhui
        affiliation = principal.date_affiliation or aujourdhui
        if self.lien == "enfant":
            return max(self.date_naissance or affiliation, affiliation)
        return affiliation if principal.date_immatriculation == aujourdhui else aujourdhui

    # ------------------------------------------------------------------ privé : suspension
    def _suspendre(self, motif, debut, fin):
        """Ferme les droits du premier au dernier jour ; l'état ne dit que si la suspension court aujourd'hui."""
        aujourdhui = aujourd_hui()
        if debut <= aujourdhui and (not fin or fin >= aujourdhui):
            self._changer_etat("suspendu", motif_etat=motif)
        self._ecrire({"suspendu_par_id": self.env.uid})
        self._fermer_droits(debut, motif, "suspension", fin)

    def _defaire_suspension(self):
        """Efface la dernière suspension et rend les droits tels qu'ils étaient."""
        Droit = self.env["cnas.droit"].sudo()
        suspension = self._derniere_suspension()
        siens = [("assure_id", "=", self.id), ("state", "=", "ouvert")]
        reprise = suspension.date_fin and Droit.search([*siens, ("date_debut", "=", suspension.date_fin + UN_JOUR)]) or Droit
        avant = Droit.search([*siens, ("date_fin", "=", suspension.date_debut - UN_JOUR)])
        debut, fin = suspension.date_debut, reprise.date_fin if reprise else suspension.fin_prevue
        (suspension | reprise)._effacer()
        if avant:
            avant._ecrire({"date_fin": fin})
        elif self.type_assure == "principal" and not (fin and fin < debut):
            Droit._ouvrir([{"assure_id": self.id, "regime_id": self.regime_id.id, "date_debut": debut, "date_fin": fin,
                            "origine": "reactivation", "motif": _("Suspension corrigée")}])
        if self.state == "suspendu":
            self._changer_etat("actif", motif_etat=False)

    def _derniere_suspension(self):
        return self.env["cnas.droit"].sudo().search([
            ("assure_id", "=", self.id), ("state", "=", "ferme"), ("origine", "=", "suspension")],
            order="date_debut desc, id desc", limit=1)

    def _jamais_suspendu(self):
        """Rend {id: phrase} de ceux qui n'ont aucune suspension à corriger."""
        return {a.id: _("aucune suspension à corriger.") for a in self if not a._derniere_suspension()}

    @api.model
    def _cron_situer_suspensions(self):
        """Tâche quotidienne : l'état suit les suspensions datées qui commencent ou finissent. Rend leur nombre."""
        suspensions = self.env["cnas.droit"].sudo()
        en_cours = suspensions.search(suspensions._domaine_suspendu(aujourd_hui())).assure_id
        return (en_cours | self.sudo().search([("state", "=", "suspendu")]))._situer_suspensions()

    def _situer_suspensions(self):
        """Met l'état de ces assurés d'accord avec leurs suspensions du jour. Rend le nombre de changements."""
        suspensions = self.env["cnas.droit"].sudo()
        en_cours = suspensions.search([("assure_id", "in", self.ids), *suspensions._domaine_suspendu(aujourd_hui())]).assure_id
        commencees = en_cours.filtered(lambda a: a.state == "actif")
        finies = self.filtered(lambda a: a.state == "suspendu") - en_cours
        commencees._changer_etat("suspendu", motif_etat=_("Suspension commencée"))
        finies._changer_etat("actif", motif_etat=False)
        return len(commencees) + len(finies)

    # ------------------------------------------------------------------ privé : droits
    def _ouvrir_droits(self):
        """Ouvre la première période de droits des principaux qui n'en ont aucune (une création pour tous)."""
        Droit = self.env["cnas.droit"].sudo()
        deja = Droit.search([("assure_id", "in", self.ids)]).assure_id
        aujourdhui = aujourd_hui()
        a_ouvrir = []
        for assure in self - deja:
            if assure.date_deces and assure.date_deces < assure.date_affiliation:
                continue
            a_ouvrir.append({
                "assure_id": assure.id,
                "regime_id": assure.regime_id.id,
                "date_debut": assure.date_affiliation,
                "date_fin": assure.date_deces or assure._fin_droits_initiale(),
                "origine": ORIGINE_PAR_REGIME.get(assure.regime_id.code, "immatriculation"),
                "motif": assure.decision_amed and _("Décision %s", assure.decision_amed) or _("Immatriculation"),
                "provisoire": assure.date_affiliation == aujourdhui and not assure.decision_amed,
            })
        Droit._creer(a_ouvrir)
        for droit in deja.droit_ids.filtered(lambda d: d.state == "ouvert"):
            if droit.date_debut < droit.assure_id.date_affiliation:
                droit.assure_id._ecrire({"date_affiliation": droit.date_debut})

    def _fin_droits_initiale(self):
        """Rend la fin de la première période selon la durée du régime en mois (0 : sans fin)."""
        self.ensure_one()
        mois = self.env["cnas.parametre"]._au(self.regime_id._code_duree(), self.date_affiliation)
        if not mois:
            return False
        return self.date_affiliation + relativedelta(months=mois, days=-1)

    def _fermer_droits(self, jour, motif, origine, dernier=False):
        """Ferme les droits de ces assurés de `jour` à `dernier` (vide : sans fin), l'un et l'autre compris.

        La période en cours s'arrête la veille ; une période fermée prend la suite et porte le motif. Ce qui
        courait au-delà de `dernier` reprend le lendemain.
        """
        fins = self._retirer_droits(jour, dernier)
        self.env["cnas.droit"].sudo()._creer([{
            "assure_id": assure.id, "regime_id": assure.regime_id.id, "date_debut": jour, "date_fin": dernier,
            "motif": motif, "origine": origine, "state": "ferme",
            # Sans droits à couper, rien ne se rouvrira.
            "fin_prevue": fins.get(assure.id, jour - UN_JOUR)} for assure in self])

    def _retirer_droits(self, jour, dernier):
        """Ôte les jours de `jour` à `dernier` des périodes ouvertes ; rend {assure_id: la fin qu'elles avaient}."""
        Droit = self.env["cnas.droit"].sudo()
        ouverts = Droit.search([
            ("assure_id", "in", self.ids), ("state", "=", "ouvert"), ("date_debut", "<=", dernier or INFINI),
            "|", ("date_fin", "=", False), ("date_fin", ">=", jour)]).sorted("date_debut")
        fins = {droit.assure_id.id: droit.date_fin for droit in ouverts}
        suites = [{
            "assure_id": droit.assure_id.id, "regime_id": droit.regime_id.id, "date_debut": dernier + UN_JOUR,
            "date_fin": droit.date_fin, "origine": "reactivation", "motif": _("Réactivation")}
            for droit in ouverts if dernier and (droit.date_fin or INFINI) > dernier]
        ouverts._couper(jour)._effacer()
        Droit._ouvrir(suites)
        return fins

    def _rouvrir_droits(self, jour):
        """Termine la veille de `jour` les suspensions qui le couvrent et rend leurs droits aux principaux.

        Une radiation, un décès, une fermeture ou une autre suspension, à venir, restent.
        """
        Droit = self.env["cnas.droit"].sudo()
        suspensions = Droit.search([("assure_id", "in", self.ids), *Droit._domaine_suspendu(jour)])
        prevues = {(droit.assure_id.id, droit.date_debut): droit for droit in Droit.search(
            [("assure_id", "in", self.ids), ("state", "=", "ouvert"), ("date_debut", ">", jour)])}
        reprises, a_ouvrir = Droit, {}
        for suspension in suspensions:
            assure, fin = suspension.assure_id, suspension.fin_prevue
            prevue = suspension.date_fin and prevues.get((assure.id, suspension.date_fin + UN_JOUR))
            if prevue:
                reprises |= prevue
            elif assure.type_assure == "principal" and not (fin and fin < jour):
                a_ouvrir[assure.id] = {
                    "assure_id": assure.id, "regime_id": assure.regime_id.id, "date_debut": jour, "date_fin": fin,
                    "origine": "reactivation", "motif": _("Réactivation")}
        suspensions._couper(jour)._effacer()
        # La base juge chaque ligne : la suspension finit avant que la reprise n'avance.
        Droit.flush_model(["date_fin"])
        reprises._ecrire({"date_debut": jour})
        Droit._ouvrir(list(a_ouvrir.values()))

    def _sanctions(self):
        """Rend {assure_id: périodes suspendues ou radiées}, en une requête."""
        Droit = self.env["cnas.droit"].sudo()
        return {assure.id: droits for assure, droits in Droit._read_group(
            [("assure_id", "in", self.ids), ("state", "=", "ferme"), ("origine", "in", SANCTIONS)],
            ["assure_id"], ["id:recordset"])}

    def _maintenir(self, fin, motif):
        """Ouvre une période de maintien du lendemain des derniers droits à `fin` incluse."""
        aujourdhui, a_ouvrir = aujourd_hui(), []
        for assure in self:
            ouverts = assure.sudo().droit_ids.filtered(lambda d: d.state == "ouvert")
            if ouverts.filtered(lambda d: not d.date_fin):
                raise UserError(_("Les droits de %s n'ont pas de fin : rien à maintenir.", assure.name))
            debut = max(ouverts.mapped("date_fin")) + UN_JOUR if ouverts else aujourdhui
            if fin < debut:
                raise UserError(_("Le maintien doit finir après le %s.", ecrire_date(debut)))
            a_ouvrir.append({
                "assure_id": assure.id, "regime_id": assure.regime_id.id, "date_debut": debut, "date_fin": fin,
                "origine": "maintien", "motif": motif})
        sans_effet = self - self.env["cnas.droit"].sudo()._ouvrir(a_ouvrir).assure_id
        if sans_effet:
            raise UserError(_("%s est suspendu ou radié jusqu'à cette date : rien à maintenir.", sans_effet[0].name))

    def _appliquer_deces(self):
        """Ferme les droits au lendemain du décès, radie, et maintient ceux des survivants du principal."""
        for assure in self.filtered(lambda a: a.date_deces and a.state in ("actif", "suspendu")):
            lendemain = assure.date_deces + relativedelta(days=1)
            couvert = assure._droits_par_lot([(assure.id, assure.date_deces)])[assure.id, assure.date_deces]
            assure._fermer_droits(lendemain, _("Décès"), "deces")
            assure._changer_etat("radie", motif_etat=_("Décès"), date_radiation=lendemain)
            mois = self.env["cnas.parametre"]._au("maintien_veuvage_mois", assure.date_deces)
            if assure.type_assure == "principal" and couvert["etat"] == "ouverts" and mois:
                survivants = assure.sudo().ayant_droit_ids.filtered(lambda a: a.state == "actif" and not a.date_deces)
                self.env["cnas.droit"].sudo()._ouvrir([{
                    "assure_id": survivant.id, "regime_id": assure.regime_id.id, "date_debut": lendemain,
                    "date_fin": assure.date_deces + relativedelta(months=mois), "origine": "maintien",
                    "motif": _("Maintien après le décès de %s", assure.name)} for survivant in survivants])

    @api.model
    def _lire_date(self, valeur):
        """Rend une date depuis une date, un texte AAAA-MM-JJ ou rien (aujourd'hui).

        :raise UserError: texte illisible
        """
        return lire_date(valeur, aujourd_hui(), stricte=True)

    @api.model
    def _lire_enregistrement(self, modele, identifiant):
        """Rend l'enregistrement d'identifiant reçu, ou un ensemble vide s'il n'existe pas."""
        if isinstance(identifiant, bool) or not isinstance(identifiant, int) or not 0 < identifiant < 2**31:
            return self.env[modele]
        return self.env[modele].browse(identifiant).exists()
