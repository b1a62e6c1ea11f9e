import logging
import time

from dateutil.relativedelta import relativedelta
from psycopg2.extras import execute_values

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_nombre
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from ..indicateurs import INDICATEURS
from ..indicateurs.preparation import preparer
from ..indicateurs.registre import CIBLES, GROUPES, Calcul, Pairs, comparer
from .indicateur_groupe import COMPARE, TROP_PEU

_logger = logging.getLogger(__name__)

SUPERVISEUR = "cnas_base.group_superviseur"
POIDS = {"eleve": 60, "moyen": 40, "faible": 20}
FEUILLES_MAX = 500
# Au-delà, une table d'alertes neuves mérite ses statistiques avant qu'on y lie des feuilles.
NOMBREUSES = 500
PAR_TACHE = 18
# En dessous de tant d'alertes jugées, un taux de confirmation ne dit rien.
JUGEES_MINIMUM = 10


class Indicateur(models.Model):
    """Un indicateur de fraude : ce qu'il cherche, ses seuils datés, ses pairs, ce que l'humain en a confirmé.

    Il oriente, il ne rejette rien. Le calcul de nuit tient en une requête par indicateur, quel que soit le nombre de feuilles ; sa
    fonction porte le même code dans `indicateurs/`. Le taux de confirmation de ses alertes dit s'il faut relever son seuil.

    | qui | peut |
    |---|---|
    | contrôleur | lire |
    | superviseur | lire, calculer une période, ouvrir les seuils (qui se changent à deux) |
    | administrateur | activer, désactiver |
    """

    _name = "cnas.indicateur"
    _description = "Indicateur de contrôle"
    _inherit = ["cnas.garde.mixin"]
    _order = "code"
    _champs_fixes = ("code", "famille", "cible")
    _champs_geles = ("calcule_le", "calcule_du", "calcule_au", "duree_ms", "nb_nd")
    _champs_journal = ("active",)

    code = fields.Char(string="Code", required=True, readonly=True)
    name = fields.Char(string="Indicateur", required=True, translate=True)
    definition = fields.Text(string="Ce qu'il cherche", required=True, translate=True)
    famille = fields.Selection(
        [("beneficiaires", "Bénéficiaires"), ("praticiens", "Praticiens"), ("formations", "Formations"), ("papier", "Feuilles"), ("argent", "Argent et agents")],
        string="Famille", required=True, readonly=True)
    cible = fields.Selection(
        [("formation", "Formation"), ("praticien", "Praticien"), ("assure", "Assuré"), ("usager", "Agent")], string="Porte sur", required=True, readonly=True)
    risque = fields.Selection([("faible", "Faible"), ("moyen", "Moyen"), ("eleve", "Élevé")], string="Risque", required=True, default="moyen")
    active = fields.Boolean(string="Actif", default=True)
    calcule_le = fields.Datetime(string="Calculé le", readonly=True)
    calcule_du = fields.Date(string="Soins du", readonly=True)
    calcule_au = fields.Date(string="au", readonly=True)
    duree_ms = fields.Integer(string="Durée (ms)", readonly=True)
    nb_nd = fields.Integer(string="Comparaisons « n. d. »", readonly=True, help="Groupes de pairs trop petits pour comparer.")
    groupe_ids = fields.One2many("cnas.indicateur.groupe", "indicateur_id", string="Pairs", readonly=True)
    seuil_ids = fields.Many2many("cnas.parametre", string="Seuils", compute="_compute_seuil_ids")
    nb_alertes = fields.Integer(string="Alertes", compute="_compute_alertes")
    nb_nouvelles = fields.Integer(string="À regarder", compute="_compute_alertes")
    nb_confirmees = fields.Integer(string="Confirmées", compute="_compute_alertes")
    nb_infirmees = fields.Integer(string="Infirmées", compute="_compute_alertes")
    taux_confirmation = fields.Float(string="Taux de confirmation", compute="_compute_alertes")
    conseil = fields.Char(string="Conseil", compute="_compute_alertes")

    _sql_constraints = [("code_unique", "UNIQUE (code)", "Ce code d'indicateur est déjà pris.")]

    @api.depends("code", "name")
    def _compute_display_name(self):
        for indicateur in self:
            indicateur.display_name = f"{indicateur.code} — {indicateur.name}" if indicateur.code else _("Nouveau")

    def _compute_seuil_ids(self):
        seuils = self.env["cnas.parametre"].search([("famille", "=", "controle"), ("en_vigueur", "=", True)])
        for indicateur in self:
            prefixe = (indicateur.code or "?").lower().replace("-", "_") + "_"
            siens = seuils.filtered(lambda s, p=prefixe: s.code.startswith(p))
            indicateur.seuil_ids = siens

    def _compute_alertes(self):
        comptes = {}
        for indicateur, etat, nombre in self.env["cnas.alerte"].sudo()._read_group([("indicateur_id", "in", self.ids)], ["indicateur_id", "state"], ["__count"]):
            comptes.setdefault(indicateur.id, {})[etat] = nombre
        for indicateur in self:
            etats = comptes.get(indicateur.id, {})
            oui, non = etats.get("confirmee", 0), etats.get("infirmee", 0) + etats.get("ecartee", 0)
            indicateur.nb_alertes, indicateur.nb_nouvelles = sum(etats.values()), etats.get("nouvelle", 0)
            indicateur.nb_confirmees, indicateur.nb_infirmees = oui, non
            indicateur.taux_confirmation = 100 * oui / (oui + non) if oui + non else 0
            indicateur.conseil = indicateur._conseil(oui, oui + non)

    @api.model
    def _conseil(self, confirmees, jugees):
        """Rend ce que le taux de confirmation dit du seuil."""
        if jugees < JUGEES_MINIMUM:
            return _("n. d. : %s alertes jugées, il en faut %s.", jugees, JUGEES_MINIMUM)
        if confirmees * 5 < jugees:
            return _("Moins d'une alerte sur cinq se confirme : relevez le seuil.")
        if confirmees * 5 > jugees * 4:
            return _("Plus de quatre alertes sur cinq se confirment : un seuil plus bas en trouverait d'autres.")
        return _("Le seuil est bien réglé.")

    # ------------------------------------------------------------------ actions publiques
    @api.model
    def calculer(self, debut, fin):
        """Calcule les indicateurs actifs sur les soins d'une période ; rejoué, il n'ajoute aucune alerte déjà connue.

        :param str debut, fin: « AAAA-MM-JJ »
        :return: identifiant du traitement par lot (`cnas.lot`)
        :raise AccessError: qui n'est pas superviseur
        :raise UserError: période illisible, à l'envers ou future
        """
        if not (self.env.su or self.env.user.has_group(SUPERVISEUR)):
            raise UserError(_("Seul un superviseur calcule les indicateurs."))
        debut, fin = lire_date(debut, stricte=True), lire_date(fin, stricte=True)
        if not debut or not fin or debut > fin:
            raise UserError(_("La période va d'un premier jour à un dernier jour : vérifiez les deux dates."))
        if fin > aujourd_hui():
            raise UserError(_("La période finit le %s, dans le futur : rien n'y est encore soigné.", ecrire_date(fin)))
        return self._lancer(debut, fin).id

    def action_calculer(self):
        """Calcule les indicateurs choisis sur la profondeur ordinaire. Rend True."""
        if not self.env.user.has_group(SUPERVISEUR):
            raise UserError(_("Seul un superviseur calcule les indicateurs."))
        debut, fin = self._periode_ordinaire()
        self._lancer(debut, fin)
        return True

    def action_alertes(self):
        """Ouvre les alertes de l'indicateur. Rend une action de fenêtre."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_controle.alerte_action")
        return {**action, "domain": [("indicateur_id", "=", self.id)], "context": {}}

    # ------------------------------------------------------------------ calcul
    @api.model
    def _calculer_la_nuit(self):
        """Tâche planifiée : les indicateurs actifs, sur la profondeur que dit le paramètre, par lots."""
        return self._lancer(*self._periode_ordinaire())

    @api.model
    def _periode_ordinaire(self):
        fin = aujourd_hui()
        mois = self.env["cnas.parametre"]._au("frd_profondeur_mois", fin)
        return fin.replace(day=1) - relativedelta(months=mois - 1), fin

    def _lancer(self, debut, fin):
        # Le calcul écrit ce qu'aucun usager n'écrit : il se fait au nom du système, à qui que ce soit qu'on le doive.
        actifs = (self or self.search([])).filtered("active").with_user(self.env.ref("base.user_root"))
        if not actifs:
            raise UserError(_("Aucun indicateur n'est actif : activez-en un."))
        return self.env["cnas.lot"].with_user(actifs.env.user)._lancer(
            _("Indicateurs de contrôle, soins du %(debut)s au %(fin)s", debut=ecrire_date(debut), fin=ecrire_date(fin)), "cnas.indicateur", "_calculer",
            actifs.ids, taille=PAR_TACHE, parametres={"debut": str(debut), "fin": str(fin)})

    def _calculer(self, debut, fin):
        """Calcule ces indicateurs sur une période, une requête chacun, et pose leurs alertes."""
        calcul = Calcul(self.env, fields.Date.to_date(debut), fields.Date.to_date(fin))
        self.env.flush_all()
        preparer(calcul)
        for indicateur in self.sudo():
            depart = time.monotonic()
            faits = indicateur._faits(calcul)
            nouvelles = indicateur._poser(calcul, faits)
            duree = int((time.monotonic() - depart) * 1000)
            indicateur._ecrire({"calcule_le": fields.Datetime.now(), "calcule_du": calcul.debut, "calcule_au": calcul.fin, "duree_ms": duree})
            self.env["cnas.journal"]._ajouter([{
                "modele": self._name, "res_id": indicateur.id, "evenement": "calcul", "apres": {"du": debut, "au": fin, "faits": len(faits), "nouvelles": nouvelles}}])
            _logger.info("%s : %s fait(s), %s alerte(s) neuve(s) ou revue(s), %s ms", indicateur.code, len(faits), nouvelles, duree)

    def _faits(self, calcul):
        """Rend les lignes que trouve la fonction de l'indicateur."""
        requete = INDICATEURS[self.code].fonction(calcul)
        if isinstance(requete, Pairs):
            self.env.cr.execute("DROP TABLE IF EXISTS ctl_mesure")
            self.env.cr.execute("CREATE TEMPORARY TABLE ctl_mesure ON COMMIT DROP AS " + requete.mesures.code, requete.mesures.params)
            self._noter_pairs(calcul)
            requete = comparer(calcul, requete)
        self.env.cr.execute(requete)
        return self.env.cr.dictfetchall()

    def _noter_pairs(self, calcul):
        """Garde, en français, les groupes de pairs que le calcul a lus ; trop petits, « n. d. »."""
        minimum = calcul.seuil("frd_pairs_minimum")
        self.env.cr.execute(GROUPES)
        groupes = self.env.cr.fetchall()
        self.groupe_ids._supprimer()
        self.env["cnas.indicateur.groupe"]._creer([{
            "indicateur_id": self.id, "serie": serie, "type_formation": genre, "niveau": niveau, "pairs": pairs, "moyenne": moyenne, "ecart_type": ecart,
            "dit": COMPARE._source if pairs >= minimum else TROP_PEU._source.format(vus=pairs, minimum=minimum),
        } for serie, genre, niveau, pairs, moyenne, ecart in groupes])
        self._ecrire({"nb_nd": sum(groupe[3] < minimum for groupe in groupes)})

    def _poser(self, calcul, faits):
        """Pose les alertes des faits, chacune une seule fois ; celle que nul n'a encore regardée se met à jour. Rend leur nombre."""
        if not faits:
            return 0
        sorte, jour = INDICATEURS[self.code], fields.Datetime.now()
        rangs = {}
        for fait in faits:
            cle = f"{self.code}:{fait['cible']}:{fait['cle']}"
            rangs[cle] = (cle, self.id, fait["cible"], fait["debut"], fait["fin"], self._score(sorte, calcul, fait), fait["valeur"], fait["reference"] or 0,
                          fait["nombre"], self._phrase(sorte, fait), jour, jour)
        colonne = CIBLES[sorte.cible]
        neuves = execute_values(self.env.cr._obj, f"""
            INSERT INTO cnas_alerte (cle, indicateur_id, {colonne}, date_debut, date_fin, score, valeur, reference, nombre, phrase, create_date, write_date,
                                     state, create_uid, write_uid) VALUES %s
            ON CONFLICT (cle) DO UPDATE SET date_fin = excluded.date_fin, score = excluded.score, valeur = excluded.valeur, reference = excluded.reference,
                                            nombre = excluded.nombre, phrase = excluded.phrase, write_date = excluded.write_date
             WHERE cnas_alerte.state = 'nouvelle' AND (cnas_alerte.nombre, cnas_alerte.phrase) IS DISTINCT FROM (excluded.nombre, excluded.phrase)
            RETURNING id, cle""", list(rangs.values()), template="(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'nouvelle', 1, 1)", fetch=True)  # pylint: disable=sql-injection
        feuilles = {f"{self.code}:{fait['cible']}:{fait['cle']}": fait["feuilles"] for fait in faits}
        liens = [(identifiant, feuille) for identifiant, cle in neuves for feuille in dict.fromkeys((feuilles[cle] or [])[:FEUILLES_MAX])]
        if liens:
            if len(neuves) > NOMBREUSES:
                # planifiée sur une table vide, la clé étrangère de chaque lien relirait toutes les alertes
                self.env.cr.execute("ANALYZE cnas_alerte")
            execute_values(self.env.cr._obj, "INSERT INTO cnas_alerte_feuille_rel (alerte_id, feuille_id) VALUES %s ON CONFLICT DO NOTHING", liens, page_size=5000)
        self.env["cnas.alerte"].invalidate_model()
        self.env["cnas.alerte"].browse([identifiant for identifiant, _cle in neuves])._compter_feuilles()
        return len(neuves)

    def _score(self, sorte, calcul, fait):
        """Rend un score de 1 à 100 : le risque de l'indicateur, et de combien le seuil ou la référence est dépassé."""
        etalon = calcul.seuil(sorte.seuil) if sorte.seuil else fait["reference"]
        rapport = float(fait["valeur"]) / float(etalon) if isinstance(etalon, (int, float)) and etalon else 2
        return int(POIDS[self.risque] + 40 * min(1, max(0, (rapport - 1) / 2)))

    @api.model
    def _phrase(self, sorte, fait):
        """Rend la phrase qui explique le fait, en français : `phrase_lue` la dit dans la langue de qui la lit."""
        phrase, detail = sorte.phrase_de(fait["detail"])
        return phrase._source.format(
            valeur=self._nombre(fait["valeur"]), reference=self._nombre(fait["reference"]), nombre=ecrire_nombre(fait["nombre"]), detail=detail,
            debut=ecrire_date(fait["debut"]), fin=ecrire_date(fait["fin"]))

    @api.model
    def _nombre(self, valeur):
        """Rend un nombre lisible : une part en pourcentage, un petit nombre avec une décimale, le reste en entier."""
        valeur = float(valeur or 0)
        if 0 < valeur < 1:
            return f"{valeur * 100:.0f} %"
        return ecrire_nombre(round(valeur)) if valeur >= 20 or valeur == int(valeur) else f"{valeur:.1f}".replace(".", ",")
