import base64
import json
import os
from xml.sax.saxutils import quoteattr

import requests
from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

SUPERVISEUR = ("cnas_base.group_superviseur",)
DELAI_SECONDES = 30
ESSAIS_MAX = 5
# Une feuille compte dans le mois de ses soins et le district de sa formation, une fois décidée.
SQL_AGREGATS = """
SELECT s.district_id, count(*), count(DISTINCT f.assure_id),
       count(*) FILTER (WHERE date_part('year', age(f.date_soins, a.date_naissance)) < 5), count(*) FILTER (WHERE f.nature = 'maternite'),
       count(*) FILTER (WHERE f.type_soins = 'hospitalisation'), count(*) FILTER (WHERE f.state = 'rejetee'),
       COALESCE(sum(f.montant_cnas), 0)::bigint
  FROM cnas_feuille_soin f
  JOIN cnas_formation_sanitaire s ON s.id = f.formation_id
  JOIN cnas_assure a ON a.id = f.assure_id
 WHERE f.date_soins >= %s AND f.date_soins < %s AND f.state IN ('validee', 'payee', 'rejetee') AND s.district_id IS NOT NULL
 GROUP BY s.district_id ORDER BY s.district_id
"""
COLONNES = ("feuilles", "beneficiaires", "enfants", "maternite", "hospitalisations", "rejets", "part_cnas")


@actions
class Dhis2Envoi(models.Model):
    """Les agrégats d'un mois, par district, tels qu'ils partent vers DHIS2 : JSON `dataValueSets` et ADX.

    États : brouillon → calculé → envoyé ; en échec quand DHIS2 refuse ou ne répond pas, et l'envoi se rejoue : DHIS2
    remplace les mêmes valeurs. Un effectif sous le seuil « dhis2_effectif_minimum » ne part pas, ni le montant qu'il
    permettrait de deviner. Le superviseur calcule et envoie ; les agents lisent. Une tâche `queue_job` transmet, et chaque
    réponse reste au journal (`reponse_ids`).
    """

    _name = "cnas.dhis2.envoi"
    _description = "Envoi à DHIS2"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "periode desc"
    _rec_name = "numero"
    _actions = {
        "calculer": Action(titre=_lt("Calculer"), de=("brouillon", "calcule", "echec"), vers=("calcule",), roles=SUPERVISEUR),
        "envoyer": Action(titre=_lt("Envoyer à DHIS2"), de=("calcule", "envoye", "echec"), roles=SUPERVISEUR, seul=True,
                          empeche=("_empeche_envoi",), annonce=False),
    }
    _passages = {"calcule": ("envoye", "echec"), "envoye": ("echec",), "echec": ("envoye",)}
    _champs_geles = ("valeurs", "nb_valeurs", "nb_masquees", "nb_sans_unite", "date_calcul", "json_dhis2", "adx")

    numero = fields.Char(string="Mois", compute="_compute_numero", store=True)
    periode = fields.Date(string="Premier jour du mois", required=True, default=lambda self: aujourd_hui().replace(day=1) - relativedelta(months=1))
    state = fields.Selection([("brouillon", "Brouillon"), ("calcule", "Calculé"), ("envoye", "Envoyé"), ("echec", "En échec")],
                             string="État", default="brouillon", required=True, readonly=True, tracking=True, copy=False)
    valeurs = fields.Json(string="Valeurs", readonly=True, copy=False)
    nb_valeurs = fields.Integer(string="Nombre de valeurs", readonly=True, copy=False)
    nb_masquees = fields.Integer(string="Masquées", readonly=True, copy=False, help="Effectifs sous le seuil, et ce qui les ferait deviner.")
    nb_sans_unite = fields.Integer(string="Districts sans unité DHIS2", readonly=True, copy=False)
    date_calcul = fields.Datetime(string="Calculé le", readonly=True, copy=False)
    json_dhis2 = fields.Binary(string="dataValueSets (JSON)", readonly=True, copy=False, attachment=False)
    adx = fields.Binary(string="ADX (XML)", readonly=True, copy=False, attachment=False)
    nom_json = fields.Char(string="Nom du JSON", compute="_compute_noms")
    nom_adx = fields.Char(string="Nom de l'ADX", compute="_compute_noms")
    reponse_ids = fields.One2many("cnas.dhis2.reponse", "envoi_id", string="Réponses", readonly=True)

    _sql_constraints = [("periode_unique", "UNIQUE (periode)", "Ce mois a déjà son envoi : recalculez-le et renvoyez-le.")]

    @api.depends("periode")
    def _compute_numero(self):
        for envoi in self:
            envoi.numero = envoi.periode and ecrire_mois(envoi.periode)

    @api.depends("periode")
    def _compute_noms(self):
        for envoi in self:
            envoi.nom_json = envoi.periode and f"dhis2_{envoi.periode:%Y%m}.json"
            envoi.nom_adx = envoi.periode and f"dhis2_{envoi.periode:%Y%m}.xml"

    @api.constrains("periode")
    def _check_periode(self):
        for envoi in self:
            if envoi.periode.day != 1 or envoi.periode > aujourd_hui():
                raise ValidationError(_("La période est le premier jour d'un mois commencé."))

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais_parti(self):
        if any(envoi.reponse_ids for envoi in self):
            raise UserError(_("Un envoi parti se garde : il dit ce que DHIS2 a reçu."))

    # ------------------------------------------------------------------ actions
    @transition("calculer")
    def action_calculer(self):
        """Calcule les agrégats du mois et écrit les deux fichiers. Rend True."""
        for envoi in self:
            valeurs, masquees, sans_unite = envoi._agreger()
            envoi._changer_etat(
                "calcule", valeurs=valeurs, nb_valeurs=len(valeurs), nb_masquees=masquees, nb_sans_unite=sans_unite,
                date_calcul=fields.Datetime.now(), json_dhis2=base64.b64encode(envoi._ecrire_json(valeurs)),
                adx=base64.b64encode(envoi._ecrire_adx(valeurs)))

    @transition("envoyer")
    def action_envoyer(self):
        """Confie l'envoi à une tâche de fond ; rejoué, il remplace les mêmes valeurs chez DHIS2. Rend True."""
        self.with_delay(description=_("DHIS2 : %s", self.numero), identity_key=f"dhis2_{self.id}", max_retries=ESSAIS_MAX)._transmettre()

    # ------------------------------------------------------------------ métier
    def _empeche_envoi(self):
        """Rend {id: phrase} de ce qui n'a nulle part où aller."""
        adresse = self._adresse()
        return {envoi.id: _("l'adresse de DHIS2 n'est pas réglée (paramètre « dhis2_adresse », en https).") if not adresse
                else _("rien à envoyer : complétez les correspondances et les unités, puis recalculez.")
                for envoi in self if not adresse or not envoi.sudo().nb_valeurs}

    @api.model
    def _adresse(self):
        adresse = self.env["cnas.parametre"].sudo()._au("dhis2_adresse", aujourd_hui())
        return adresse.rstrip("/") if adresse.startswith("https://") else ""

    def _agreger(self):
        """Rend (valeurs, nombre de masquées, districts sans unité) du mois, en trois requêtes."""
        self.ensure_one()
        self.env.flush_all()
        seuil = self.env["cnas.parametre"].sudo()._au("dhis2_effectif_minimum", self.periode)
        unites = {unite.district_id.id: unite.uid for unite in self.env["cnas.dhis2.unite"].sudo().search([])}
        elements = {ligne.indicateur: (ligne.element, ligne.combinaison) for ligne in self.env["cnas.dhis2.correspondance"].sudo().search([])}
        self.env.cr.execute(SQL_AGREGATS, [self.periode, self.periode + relativedelta(months=1)])
        valeurs, masquees, sans_unite = [], 0, 0
        for district, *nombres in self.env.cr.fetchall():
            if district not in unites:
                sans_unite += 1
                continue
            lus = dict(zip(COLONNES, nombres))
            for indicateur, valeur in lus.items():
                # un montant se juge à l'effectif qui l'a coûté
                effectif = lus["beneficiaires"] if indicateur == "part_cnas" else min(valeur, lus["beneficiaires"])
                if indicateur not in elements:
                    continue
                if 0 < effectif < seuil:
                    masquees += 1
                    continue
                element, combinaison = elements[indicateur]
                valeurs.append({"unite": unites[district], "element": element, "combinaison": combinaison or False, "valeur": int(valeur)})
        return valeurs, masquees, sans_unite

    def _ecrire_json(self, valeurs):
        """Rend le JSON `dataValueSets`."""
        periode = f"{self.periode:%Y%m}"
        return json.dumps({"dataValues": [
            {"dataElement": v["element"], "period": periode, "orgUnit": v["unite"], "value": str(v["valeur"]),
             **({"categoryOptionCombo": v["combinaison"]} if v["combinaison"] else {})} for v in valeurs]}, ensure_ascii=False).encode()

    def _ecrire_adx(self, valeurs):
        """Rend l'ADX (IHE QRPH) : un groupe par district."""
        groupes, jeu = {}, self.env["cnas.parametre"].sudo()._au("dhis2_jeu", aujourd_hui())
        for valeur in valeurs:
            groupes.setdefault(valeur["unite"], []).append(valeur)
        lignes = ['<?xml version="1.0" encoding="UTF-8"?>',
                  f'<adx xmlns="urn:ihe:qrph:adx:2015" exported={quoteattr(f"{fields.Datetime.now():%Y-%m-%dT%H:%M:%SZ}")}>']
        for unite, siennes in groupes.items():
            lignes.append(f'  <group orgUnit={quoteattr(unite)} period={quoteattr(f"{self.periode:%Y-%m-%d}/P1M")} dataSet={quoteattr(jeu)}>')
            for valeur in siennes:
                combinaison = f' categoryOptionCombo={quoteattr(valeur["combinaison"])}' if valeur["combinaison"] else ""
                lignes.append(f'    <dataValue dataElement={quoteattr(valeur["element"])}{combinaison} value={quoteattr(str(valeur["valeur"]))}/>')
            lignes.append("  </group>")
        return "\n".join([*lignes, "</adx>", ""]).encode()

    def _transmettre(self):
        """Poste le fichier calculé à DHIS2 et garde sa réponse ; la tâche de fond l'appelle."""
        self.ensure_one()
        envoi = self.sudo()
        adresse, jeton = envoi._adresse(), os.environ.get("CNAS_DHIS2_JETON")
        if not adresse:
            return envoi._noter(0, _("L'adresse de DHIS2 n'est plus réglée."), {})
        entetes = {"Content-Type": "application/json", **({"Authorization": f"ApiToken {jeton}"} if jeton else {})}
        try:
            reponse = requests.post(
                f"{adresse}/api/dataValueSets?importStrategy=CREATE_AND_UPDATE", data=base64.b64decode(envoi.json_dhis2), headers=entetes,
                timeout=DELAI_SECONDES, allow_redirects=False)
        except requests.RequestException as erreur:
            return envoi._noter(0, _("DHIS2 injoignable (%s).", type(erreur).__name__), {})
        try:
            lu = reponse.json()
        except ValueError:
            lu = {}
        lu = lu if isinstance(lu, dict) else {}
        bilan = lu.get("response") if isinstance(lu.get("response"), dict) else lu
        statut = str(bilan.get("status") or lu.get("status") or "")
        return envoi._noter(reponse.status_code, statut or reponse.reason or "", bilan,
                            reussi=reponse.ok and statut.upper() in ("SUCCESS", "WARNING", "OK"), detail=reponse.text[:4000])

    def _noter(self, statut, resume, bilan, reussi=False, detail=""):
        """Garde une réponse et passe à l'état qu'elle dit."""
        comptes = bilan.get("importCount") if isinstance(bilan.get("importCount"), dict) else {}
        nombre = {nom: comptes.get(cle) if isinstance(comptes.get(cle), int) else 0
                  for nom, cle in (("importes", "imported"), ("mis_a_jour", "updated"), ("ignores", "ignored"))}
        self.env["cnas.dhis2.reponse"]._creer([{
            "envoi_id": self.id, "date": fields.Datetime.now(), "statut": statut, "resume": resume[:200], "detail": detail.replace("\x00", ""), **nombre}])
        cible = "envoye" if reussi else "echec"
        if self.state != cible:
            self._changer_etat(cible)

    @api.model
    def _preparer_le_mois(self):
        """Tâche mensuelle : crée, calcule et, si l'adresse est réglée, envoie le mois passé."""
        periode = aujourd_hui().replace(day=1) - relativedelta(months=1)
        envoi = self.search([("periode", "=", periode)]) or self.create({"periode": periode})
        if envoi.state in ("brouillon", "echec"):
            envoi.action_calculer()
            if envoi._adresse() and envoi.nb_valeurs:
                envoi.action_envoyer()
