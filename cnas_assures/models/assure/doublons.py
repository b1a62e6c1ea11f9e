from datetime import timedelta

from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_debut
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import sans_accent

from ...phonetique import cle_phonetique, ressemblance

# Poids de chaque indice : cent points au plus, écrits à côté de leur raison.
POIDS_NOM, POIDS_NAISSANCE, POIDS_MERE, POIDS_PERE, POIDS_DISTRICT, POIDS_TELEPHONE = 50, 25, 10, 4, 4, 7
MALUS_GENRE, MALUS_NAISSANCE = 25, 15
SCORE_MINIMUM = 45
CANDIDATS_MAX = 60

CHAMPS_COMPARES = ("nom", "prenom", "genre", "date_naissance", "date_naissance_estimee", "nom_mere", "nom_pere",
                   "district_id", "telephone_1", "telephone_2", "nni")

SQL_CANDIDATS = """
SELECT id FROM cnas_assure WHERE active AND nni = %(nni)s
UNION
SELECT id FROM cnas_assure WHERE active AND telephone_1 = ANY(%(telephones)s)
UNION
(SELECT id FROM cnas_assure WHERE active AND nom_phonetique = %(cle)s
  ORDER BY abs(date_naissance - %(naissance)s::date) NULLS LAST, id LIMIT %(maximum)s)
UNION
SELECT id FROM cnas_assure
 WHERE active AND date_naissance = %(naissance)s::date AND similarity(nom_phonetique, %(cle)s) >= 0.4
UNION
(SELECT id FROM cnas_assure
  WHERE active AND nom_phonetique %% %(cle)s
    AND (%(naissance)s::date IS NULL
         OR date_naissance BETWEEN %(naissance)s::date - 800 AND %(naissance)s::date + 800)
  ORDER BY similarity(nom_phonetique, %(cle)s) DESC, id LIMIT %(maximum)s)
"""
# Ce que l'écran met face à face.
CHAMPS_MONTRES = (
    "matricule", "state", "nom", "prenom", "genre", "date_naissance", "regime_id", "nni", "nom_pere", "nom_mere",
    "district_id", "telephone_1", "type_assure", "assure_principal_id", "date_immatriculation",
)

# Pour chaque personne du lot : ses homonymes (à la graphie près) de naissance proche, ceux qui partagent
# son téléphone, et les noms voisins nés le même jour. Chaque branche suit un index.
SQL_PAIRES = """
SELECT DISTINCT LEAST(a.id, b.id), GREATEST(a.id, b.id)
  FROM cnas_assure a
  JOIN LATERAL (
       SELECT c.id FROM cnas_assure c
        WHERE c.nom_phonetique = a.nom_phonetique AND c.active
          AND c.date_naissance BETWEEN a.date_naissance - 800 AND a.date_naissance + 800
          AND (c.date_naissance = a.date_naissance OR c.date_naissance_estimee OR a.date_naissance_estimee
               OR c.telephone_1 = a.telephone_1
               OR (date_part('year', c.date_naissance) = date_part('year', a.date_naissance)
                   AND (date_part('month', c.date_naissance) IN (date_part('month', a.date_naissance),
                                                                 date_part('day', a.date_naissance))
                        OR date_part('day', c.date_naissance) = date_part('day', a.date_naissance)))
               OR to_char(c.date_naissance, 'MMDD') = to_char(a.date_naissance, 'MMDD'))
       UNION
       SELECT c.id FROM cnas_assure c
        WHERE c.telephone_1 = a.telephone_1 AND c.genre = a.genre AND c.active
       UNION
       SELECT c.id FROM cnas_assure c
        WHERE c.date_naissance = a.date_naissance AND c.active AND NOT COALESCE(a.date_naissance_estimee, FALSE)
          AND similarity(c.nom_phonetique, a.nom_phonetique) >= 0.6
       ) b ON b.id <> a.id
 WHERE a.id = ANY(%(ids)s) AND a.active
   AND NOT EXISTS (SELECT 1 FROM cnas_doublon d
                    WHERE d.assure_1_id = LEAST(a.id, b.id) AND d.assure_2_id = GREATEST(a.id, b.id))
"""
# Même naissance, même genre et même nom à la graphie près : les candidats au double exact.
SQL_DOUBLES = """
SELECT a.id, c.id
  FROM cnas_assure a
  JOIN LATERAL (SELECT c.id FROM cnas_assure c
                 WHERE c.nom_phonetique = a.nom_phonetique AND c.date_naissance = a.date_naissance
                   AND c.genre = a.genre AND c.id <> a.id AND c.active
                   AND NOT EXISTS (SELECT 1 FROM cnas_doublon d
                                    WHERE d.assure_1_id = LEAST(a.id, c.id) AND d.assure_2_id = GREATEST(a.id, c.id)
                                      AND d.state <> 'a_examiner')
                 ORDER BY c.id LIMIT %(maximum)s) c ON TRUE
 WHERE a.id = ANY(%(ids)s) AND a.active
 ORDER BY a.id, c.id
"""
DOUBLONS_MONTRES = 5
# Jusque-là, une création cherche aussitôt toutes les ressemblances ; au-delà, la nuit les trouve.
PETITE_CREATION = 5


class AssureDoublons(models.Model):
    """Rapprochement de deux personnes : candidats par index trigramme, score expliqué."""

    _inherit = "cnas.assure"

    nombre_doublons = fields.Integer(string="Doublons à examiner", compute="_compute_nombre_doublons")
    doublons_html = fields.Html(string="Doublons possibles", compute="_compute_doublons_html", sanitize=False)

    @api.depends("nom", "prenom", "genre", "date_naissance", "date_naissance_estimee", "nom_mere", "telephone_1",
                 "nni", "state")
    def _compute_doublons_html(self):
        for assure in self:
            assure.doublons_html = False
            if assure.state != "brouillon" or not assure.nom:
                continue
            valeurs = {champ: assure[champ] for champ in CHAMPS_COMPARES}
            valeurs.update(id=assure._origin.id, district_id=assure.district_id.id)
            trouves = assure._chercher_doublons(valeurs)
            if trouves:
                assure.doublons_html = assure._tableau_doublons(trouves)

    def _compute_nombre_doublons(self):
        self.env.cr.execute("""
            SELECT assure_id, count(*) FROM (
                SELECT assure_1_id AS assure_id FROM cnas_doublon WHERE state = 'a_examiner' AND assure_1_id = ANY(%(i)s)
                UNION ALL
                SELECT assure_2_id FROM cnas_doublon WHERE state = 'a_examiner' AND assure_2_id = ANY(%(i)s)
            ) AS paires GROUP BY assure_id""", {"i": self.ids})
        comptes = dict(self.env.cr.fetchall())
        for assure in self:
            assure.nombre_doublons = comptes.get(assure.id, 0)

    # ------------------------------------------------------------------ actions
    def action_voir_doublons(self):
        """Montre les paires à examiner de cet assuré.

        :return: action de fenêtre
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_assures.doublon_action")
        return {**action, "domain": ["|", ("assure_1_id", "=", self.id), ("assure_2_id", "=", self.id)]}

    def action_comparer_deux(self):
        """Met deux dossiers choisis dans la liste face à face, dans la file d'examen.

        :return: action de fenêtre
        :raise UserError: s'il n'y en a pas exactement deux
        """
        if len(self) != 2:
            raise UserError(_("Choisissez exactement deux dossiers à comparer."))
        self._exiger_groupe("cnas_base.group_agent", _("comparer deux dossiers"))
        un, deux = self.sorted("id")
        Doublon = self.env["cnas.doublon"]
        paire = Doublon.search([("assure_1_id", "=", un.id), ("assure_2_id", "=", deux.id)]) or Doublon.create(
            {"assure_1_id": un.id, "assure_2_id": deux.id})
        return {"type": "ir.actions.act_window", "name": _("Comparer deux dossiers"), "res_model": "cnas.doublon",
                "res_id": paire.id, "view_mode": "form"}

    # ------------------------------------------------------------------ métier (XML-RPC)
    @api.model
    def rechercher_doublons(self, valeurs):
        """Cherche les personnes déjà connues qui ressemblent à une saisie.

        :param dict valeurs: `nom`, `prenom` et ce qu'on sait d'autre (`date_naissance`, `genre`, `nom_mere`,
            `nom_pere`, `district_id`, `telephone_1`, `nni`) ; `id` écarte l'assuré lui-même
        :return: liste de {"id", "matricule", "name", "score" (0 à 100), "raisons": [phrase]}, le plus proche d'abord
        :raise UserError: valeurs illisibles
        """
        self._exiger_groupe("cnas_base.group_agent", _("rechercher des doublons"))
        if not isinstance(valeurs, dict):
            raise UserError(_("Donnez les valeurs de la personne : au moins son nom."))
        return self._chercher_doublons(valeurs)

    # ------------------------------------------------------------------ privé
    @api.model
    def _chercher_doublons(self, valeurs):
        saisie = self._normaliser_saisie(valeurs)
        if not saisie["nom_complet"] and not saisie["nni"] and not saisie["telephones"]:
            return []
        self.flush_model()
        cr = self.env.cr
        cr.execute("SET LOCAL pg_trgm.similarity_threshold = 0.6")
        cr.execute(SQL_CANDIDATS, {
            "nni": saisie["nni"], "telephones": list(saisie["telephones"]), "cle": saisie["cle"],
            "naissance": saisie["date_naissance"] or None, "maximum": CANDIDATS_MAX})
        ids = [rang[0] for rang in cr.fetchall() if rang[0] != saisie["id"]]
        resultat = []
        for candidat in self.sudo().browse(ids):
            score, raisons = self._noter(saisie, self._normaliser_saisie(candidat._valeurs_comparees()))
            if score >= SCORE_MINIMUM:
                resultat.append({"id": candidat.id, "matricule": candidat.matricule or "", "name": candidat.name,
                                 "score": score, "raisons": raisons})
        return sorted(resultat, key=lambda d: (-d["score"], d["id"]))

    def _valeurs_comparees(self):
        self.ensure_one()
        valeurs = {champ: self[champ] for champ in CHAMPS_COMPARES}
        valeurs.update(id=self.id, district_id=self.district_id.id)
        return valeurs

    @api.model
    def _normaliser_saisie(self, valeurs):
        """Met une saisie (ou un assuré) sous la forme que `_noter` compare."""
        texte = {c: valeurs.get(c) if isinstance(valeurs.get(c), str) else "" for c in
                 ("nom", "prenom", "name", "nom_mere", "nom_pere", "nni", "genre")}
        complet = (" ".join(filter(None, (texte["nom"], texte["prenom"]))) or texte["name"])[:200]
        lus = (self._formater_telephone(valeurs[c], tolerant=True)
               for c in ("telephone_1", "telephone_2") if isinstance(valeurs.get(c), str))
        nni = self._normaliser_matricule(texte["nni"])
        return {
            "id": valeurs.get("id") or False,
            "nom_complet": complet,
            "cle": cle_phonetique(complet),
            "genre": texte["genre"],
            "date_naissance": self._lire_date(valeurs["date_naissance"]) if valeurs.get("date_naissance") else False,
            "estimee": bool(valeurs.get("date_naissance_estimee")),
            "nom_mere": texte["nom_mere"],
            "nom_pere": texte["nom_pere"],
            "district_id": valeurs.get("district_id") or False,
            "telephones": {t for t in lus if t and t.startswith("+") and t.isprintable()},
            "nni": nni if nni.isprintable() and nni else None,
        }

    @api.model
    def _noter(self, a, b):
        """Rend (score de 0 à 100, raisons) de deux personnes normalisées."""
        if a["nni"] and a["nni"] == b["nni"]:
            return 100, [_("Même NNI")]
        indices = [
            self._indice_nom(a, b),
            self._indice_naissance(a, b),
            self._indice_parent(a["nom_mere"], b["nom_mere"], POIDS_MERE, _("mère")),
            self._indice_parent(a["nom_pere"], b["nom_pere"], POIDS_PERE, _("père")),
        ]
        if a["district_id"] and a["district_id"] == b["district_id"]:
            indices.append((POIDS_DISTRICT, _("même district")))
        if a["telephones"] & b["telephones"]:
            indices.append((POIDS_TELEPHONE, _("même téléphone")))
        if a["genre"] and b["genre"] and a["genre"] != b["genre"]:
            indices.append((-MALUS_GENRE, _("genres différents")))
        if a["nni"] and b["nni"]:
            indices.append((-MALUS_NAISSANCE, _("NNI différents")))
        total = sum(points for points, _raison in indices)
        raisons = [f"{raison} ({points:+d})" for points, raison in indices if points]
        return max(0, min(99, total)), raisons

    @api.model
    def _indice_nom(self, a, b):
        proche = ressemblance(a["nom_complet"], b["nom_complet"])
        points = round(POIDS_NOM * proche)
        if sans_accent(a["nom_complet"]) == sans_accent(b["nom_complet"]):
            return points, _("même nom")
        if sorted(sans_accent(a["nom_complet"]).split()) == sorted(sans_accent(b["nom_complet"]).split()):
            return points, _("mêmes noms dans un autre ordre")
        if a["cle"] == b["cle"]:
            return points, _("graphies proches (%s)", b["nom_complet"])
        return points, _("noms voisins à %s %%", round(100 * proche))

    @api.model
    def _indice_naissance(self, a, b):
        x, y = a["date_naissance"], b["date_naissance"]
        if not x or not y:
            return 0, ""
        if x == y:
            return POIDS_NAISSANCE, _("même date de naissance")
        ecart = abs(x.year - y.year)
        if (a["estimee"] or b["estimee"]) and ecart <= 2:
            return POIDS_NAISSANCE - 7 - 4 * ecart, _("années de naissance proches, une est estimée")
        if x.year == y.year and (x.month, x.day) == (y.day, y.month):
            return POIDS_NAISSANCE - 5, _("jour et mois de naissance inversés")
        identiques = sum((x.year == y.year, x.month == y.month, x.day == y.day))
        if identiques == 2:
            return POIDS_NAISSANCE - 10, _("dates de naissance à un élément près")
        if x.year == y.year:
            return 5, _("même année de naissance")
        return -MALUS_NAISSANCE, _("dates de naissance différentes")

    @api.model
    def _indice_parent(self, a, b, poids, qui):
        if not a or not b:
            return 0, ""
        proche = ressemblance(a, b)
        if proche >= 0.85:
            return round(poids * proche), _("même %s", qui)
        return (-poids // 2, _("%s différents", qui)) if proche < 0.5 else (0, "")

    @api.model
    def _tableau_doublons(self, trouves):
        lignes = [
            Markup('<a href="/web#id=%s&amp;model=cnas.assure&amp;view_type=form" target="_blank">%s (%s)</a>'
                   ' — %s %% : %s') % (
                d["id"], d["name"], d["matricule"], d["score"], ", ".join(d["raisons"])) for d in trouves]
        return Markup("<p class='mb-1'><strong>%s</strong></p><p class='mb-0'>%s</p>") % (
            _("Des personnes déjà connues ressemblent à celle-ci :"),
            ecrire_debut(lignes, DOUBLONS_MONTRES, Markup("<br/>")))

    def action_detecter_doublons(self):
        """Lance en tâche de fond la recherche de doublons parmi ces assurés (tous si aucun n'est choisi).

        :return: l'action qui montre le lot
        """
        self._exiger_groupe("cnas_base.group_superviseur", _("lancer la recherche de doublons"))
        ids = self.ids or self.sudo()._ids_a_rapprocher()
        lot = self.env["cnas.lot"]._lancer(
            _("Recherche de doublons"), "cnas.assure", "_detecter_doublons", ids, taille=1000)
        return {"type": "ir.actions.act_window", "name": _("Recherche de doublons"), "res_model": "cnas.lot",
                "res_id": lot.id, "view_mode": "form"}

    @api.model
    def _ids_a_rapprocher(self):
        self.env.cr.execute("SELECT id FROM cnas_assure WHERE active ORDER BY id")
        return [rang[0] for rang in self.env.cr.fetchall()]

    def _tableau_comparaison(self, autre):
        """Rend le tableau HTML qui met deux dossiers face à face ; les différences ressortent."""
        texte = self.env["cnas.correction_identite"]._texte_valeur

        def rang(libelle, un, deux):
            return Markup('<tr class="%s"><th>%s</th><td>%s</td><td>%s</td></tr>') % (
                "table-warning" if un != deux else "", libelle, un or "—", deux or "—")

        rangs = Markup("").join(
            rang(self._fields[c]._description_string(self.env), texte(self, c), texte(autre, c)) for c in CHAMPS_MONTRES)
        rangs += rang(_("Ayants droit"), str(self.nombre_ayants_droit), str(autre.nombre_ayants_droit))
        return Markup(
            '<table class="table table-sm"><thead><tr><th></th><th>%s</th><th>%s</th></tr></thead>%s</table>'
        ) % (_("Premier dossier"), _("Second dossier"), rangs)

    def _comparer(self, autre):
        """Rend (score, raisons) de deux assurés."""
        return self._noter(self._normaliser_saisie(self._valeurs_comparees()),
                           self._normaliser_saisie(autre._valeurs_comparees()))

    def _detecter_doublons(self):
        """Met dans la file d'examen les paires vraisemblables de ces assurés (idempotent, appelé par lot)."""
        self.flush_model()
        cr = self.env.cr
        cr.execute(SQL_PAIRES, {"ids": self.ids})
        paires = cr.fetchall()
        seuil = self.env["cnas.parametre"]._au("seuil_doublon")
        saisies = {a.id: a._normaliser_saisie(a._valeurs_comparees())
                   for a in self.sudo().browse({i for paire in paires for i in paire})}
        self._mettre_en_file(paires, saisies, seuil)
        return len(paires)

    @api.model
    def _mettre_en_file(self, paires, saisies, seuil=0):
        """Met ces paires dans la file d'examen, si elles se ressemblent assez ou sont des doubles exacts."""
        rangs = []
        for un, deux in paires:
            score, raisons = self._noter(saisies[un], saisies[deux])
            if score >= seuil or self._est_double(saisies[un], saisies[deux]):
                rangs.append({"assure_1_id": un, "assure_2_id": deux, "score": score, "raisons": "\n".join(raisons)})
        self.env["cnas.doublon"].sudo()._creer(rangs, suivi=False)

    def _chercher_a_la_creation(self):
        """Toute personne créée, d'où qu'elle vienne, passe par la recherche de doublons.

        Peu de personnes : toutes les ressemblances, aussitôt. Un lot : ses doubles exacts aussitôt, le reste la nuit.
        """
        if len(self) <= PETITE_CREATION:
            self._detecter_doublons()
            return
        paires, saisies = self._doubles()
        connues = {(d.assure_1_id.id, d.assure_2_id.id) for d in self.env["cnas.doublon"].sudo().search(
            [("assure_1_id", "in", [p[0] for p in paires]), ("assure_2_id", "in", [p[1] for p in paires])])} if paires else set()
        self._mettre_en_file(paires - connues, saisies)

    @api.model
    def _cron_detecter_doublons(self):
        """Tâche de nuit : rapproche des autres les personnes créées depuis la veille. Rend leur nombre."""
        recentes = self.sudo().search([("create_date", ">=", aujourd_hui() - timedelta(days=1))], order="id")
        if recentes:
            self.env["cnas.lot"]._lancer(_("Doublons des personnes récentes"), "cnas.assure", "_detecter_doublons",
                                         recentes.ids, taille=1000)
        return len(recentes)

    def _doubles(self):
        """Rend ({paires de doubles exacts sur lesquels personne n'a décidé}, {id: saisie}), en deux requêtes."""
        self.flush_model()
        self.env["cnas.doublon"].flush_model()
        self.env.cr.execute(SQL_DOUBLES, {"ids": self._origin.ids, "maximum": CANDIDATS_MAX})
        paires = {tuple(sorted(paire)) for paire in self.env.cr.fetchall()}
        saisies = {a.id: a._normaliser_saisie(a._valeurs_comparees())
                   for a in self.sudo().browse({i for paire in paires for i in paire})}
        return {(un, deux) for un, deux in paires if self._est_double(saisies[un], saisies[deux])}, saisies

    def _double_sans_decision(self):
        """Rend {id: phrase} des personnes qui en répètent une autre sans que personne ait décidé."""
        raisons, siens = {}, set(self._origin.ids)
        for paire in sorted(self._doubles()[0]):
            for un, deux in (paire, paire[::-1]):
                if un in siens:
                    raisons.setdefault(un, self._phrase_double(self.sudo().browse(deux)))
        return raisons

    @api.model
    def _phrase_double(self, autre):
        return _("%(nom)s (%(connu)s) porte ce nom et cette date de naissance : décidez d'abord, dans la file "
                 "des doublons, si c'est la même personne.", nom=autre.name,
                 connu=", ".join(filter(None, (autre.matricule, autre.district_id.name))))

    @api.model
    def _est_double(self, a, b):
        """Dit si deux personnes normalisées portent les mêmes nom, naissance et genre, rien ne disant le contraire."""
        return (a["date_naissance"] and a["date_naissance"] == b["date_naissance"] and a["genre"] == b["genre"]
                and sorted(sans_accent(a["nom_complet"]).split()) == sorted(sans_accent(b["nom_complet"]).split())
                and not (a["nni"] and b["nni"] and a["nni"] != b["nni"])
                and all(self._indice_parent(a[p], b[p], 10, "")[0] >= 0 for p in ("nom_mere", "nom_pere")))
