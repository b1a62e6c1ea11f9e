import psycopg2

from odoo import _, models, tools
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.cnas_base.jour import aujourd_hui

from ..droit import INFINI, jours_libres

# Réglées à part : leurs contraintes demandent un jugement, pas un simple report.
COLONNES_A_PART = (
    "cnas_droit.assure_id", "cnas_lien_familial.membre_id", "cnas_lien_familial.principal_id",
    "cnas_doublon.assure_1_id", "cnas_doublon.assure_2_id", "cnas_assure.assure_principal_id", "cnas_assure.famille_id",
)
# Champs que le dossier gardé reprend du dossier absorbé quand ils lui manquent.
CHAMPS_REPRIS = (
    "date_naissance", "lieu_naissance", "province_naissance_id", "pays_naissance_id", "statut_matrimonial", "nni",
    "nom_pere", "nom_mere", "filiation", "telephone_1", "telephone_2", "email", "adresse", "district_id", "localite",
    "personne_a_prevenir", "photo", "decision_amed", "date_deces",
)
SQL_CLES_ETRANGERES = """
SELECT c.conrelid::regclass::text, a.attname
  FROM pg_constraint c
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
 WHERE c.contype = 'f' AND c.confrelid = 'cnas_assure'::regclass AND array_length(c.conkey, 1) = 1
 ORDER BY 1, 2
"""
# Tables d'Odoo qui désignent un enregistrement par modèle et identifiant.
REFERENCES = (("mail_message", "model"), ("ir_attachment", "res_model"), ("mail_activity", "res_model"))


class AssureFusion(models.Model):
    """Fusion de deux dossiers de la même personne.

    Toutes les clés étrangères vers `cnas_assure`, présentes et à venir, suivent : elles se
    lisent dans le catalogue de PostgreSQL. Le dossier absorbé reste, archivé, renvoie à celui
    qui l'a absorbé, et son matricule continue de mener à la bonne personne.
    """

    _inherit = "cnas.assure"

    def _absorber(self, absorbe, motif):
        """Fait suivre dans ce dossier tout ce que porte `absorbe`, puis l'archive.

        :param absorbe: l'autre dossier de la même personne
        :param str motif: la raison, gardée dans les deux fils
        :return: dict JSON : valeurs du dossier absorbé, nombre de lignes déplacées par table,
            références qui n'ont pas pu suivre
        :raise UserError: dossiers d'une même famille, déjà fusionnés, ou même dossier
        """
        self.ensure_one()
        absorbe.ensure_one()
        self._verifier_fusion(absorbe)
        trace = {"absorbe": absorbe._valeurs_lisibles(), "deplaces": {}, "restes": {}}
        self._reprendre_valeurs(absorbe)
        self._fusionner_droits(absorbe, trace)
        self._fusionner_famille(absorbe, trace)
        self._preparer_fusion(absorbe)
        self._deplacer_references(absorbe, trace)
        absorbe._ecrire({
            "active": False, "state": "radie", "fusionne_dans_id": self.id,
            "motif_etat": _("Fusionné dans %s", self.matricule),
            "date_radiation": aujourd_hui()})
        self.env["cnas.doublon"].sudo().search([
            ("state", "=", "a_examiner"), "|", ("assure_1_id", "=", absorbe.id), ("assure_2_id", "=", absorbe.id),
            "!", "&", ("assure_1_id", "in", (self | absorbe).ids), ("assure_2_id", "in", (self | absorbe).ids),
        ])._changer_etat("ecarte", motif=_("Dossier fusionné dans %s", self.matricule))
        self._detecter_doublons()
        self.message_post(body=_("Dossier %(matricule)s (%(nom)s) fusionné dans celui-ci. Motif : %(motif)s",
                                 matricule=absorbe.matricule, nom=absorbe.name, motif=motif))
        absorbe.message_post(body=_("Fusionné dans le dossier %(matricule)s. Motif : %(motif)s",
                                    matricule=self.matricule, motif=motif))
        return trace

    def _preparer_fusion(self, absorbe):
        """Point d'extension : lève, avant le déplacement, ce qu'une contrainte d'unicité refuserait.

        Un addon qui pose sur `cnas_assure` un index unique partiel (une seule carte active…)
        règle ici le conflit ; à défaut la ligne en conflit reste au dossier absorbé, archivé.
        """
        if self.carte_active_id:
            absorbe.carte_active_id._clore(_("Dossier fusionné dans %s", self.matricule))
        self.env.flush_all()

    # ------------------------------------------------------------------ privé
    def _verifier_fusion(self, absorbe):
        if self == absorbe:
            raise UserError(_("Un dossier ne se fusionne pas avec lui-même."))
        if self.fusionne_dans_id or absorbe.fusionne_dans_id:
            raise UserError(_("L'un des deux dossiers a déjà été fusionné."))
        if self.assure_principal_id == absorbe or absorbe.assure_principal_id == self:
            raise UserError(_("Ces deux dossiers sont l'un ayant droit de l'autre : sortez d'abord l'un de la famille."))
        if absorbe.ayant_droit_ids and self.type_assure == "ayant_droit":
            raise UserError(_("%s a des ayants droit : gardez son dossier plutôt que celui-ci.", absorbe.name))
        if self.state == "brouillon" and absorbe.state != "brouillon":
            raise UserError(_("Gardez plutôt le dossier immatriculé, %s.", absorbe.matricule))
        if self.state != "radie" and absorbe._sanctions().get(absorbe.id, absorbe.droit_ids.browse()).filtered(
                lambda sanction: sanction.origine == "radiation"):
            raise UserError(_("%s est radié : gardez son dossier plutôt que celui-ci, la fusion ne lève pas une radiation.",
                              absorbe.matricule))

    def _valeurs_lisibles(self):
        """Rend les valeurs simples du dossier, en JSON, pour la trace."""
        self.ensure_one()
        valeurs = {"id": self.id}
        for nom, champ in self._fields.items():
            if not champ.store or champ.type in ("one2many", "many2many", "binary", "image", "html", "json"):
                continue
            valeur = self[nom]
            if champ.type == "many2one":
                valeur = [valeur.id, valeur.display_name] if valeur else False
            elif champ.type in ("date", "datetime"):
                valeur = str(valeur) if valeur else False
            valeurs[nom] = valeur
        return valeurs

    def _reprendre_valeurs(self, absorbe):
        """Complète les champs vides du dossier gardé ; le NNI passe de l'un à l'autre."""
        valeurs = {}
        for champ in CHAMPS_REPRIS:
            if not self[champ] and absorbe[champ]:
                valeur = absorbe[champ]
                valeurs[champ] = valeur.id if self._fields[champ].type == "many2one" else valeur
        affiliations = [d for d in (self.date_affiliation, absorbe.date_affiliation) if d]
        if affiliations:
            valeurs["date_affiliation"] = min(affiliations)
        absorbe._ecrire({"nni": False, "cle_import": False})
        absorbe.flush_recordset()
        self._ecrire(valeurs)

    def _fusionner_droits(self, absorbe, trace):
        """Reprend les périodes de l'absorbé : ses droits là où le gardé n'en a ni ouverts ni sanctionnés, ses sanctions partout."""
        Droit = self.env["cnas.droit"].sudo()
        gardes = Droit.search([("assure_id", "=", self.id), ("state", "=", "ouvert")])
        occupes = (gardes | self._sanctions().get(self.id, Droit))._intervalles()
        repris = Droit.search([("assure_id", "=", absorbe.id)])
        recouverts = repris.filtered(lambda d: d.state == "ouvert" and any(
            debut <= (d.date_fin or INFINI) and fin >= d.date_debut for debut, fin in occupes))
        recouverts._ecrire({"state": "ferme", "origine": "fusion", "motif": _(
            "Droits du dossier fusionné %s, déjà couverts par celui-ci", absorbe.matricule)})
        trace["deplaces"]["cnas_droit"] = len(repris)
        self.env.flush_all()
        Droit._creer([{
            "assure_id": self.id, "regime_id": droit.regime_id.id, "date_debut": debut,
            "date_fin": fin != INFINI and fin, "origine": "fusion", "motif": _("Repris d'un dossier fusionné")}
            for droit in recouverts
            for debut, fin in jours_libres(droit.date_debut, droit.date_fin or INFINI, occupes)])
        self._reprendre_sanctions(absorbe)
        self.env.cr.execute("UPDATE cnas_droit SET assure_id = %s WHERE assure_id = %s", (self.id, absorbe.id))
        self.env.invalidate_all()
        self._situer_suspensions()

    def _reprendre_sanctions(self, absorbe):
        """Ferme les droits du gardé pendant les sanctions de l'absorbé : la fusion n'en lève aucune."""
        for sanction in absorbe._sanctions().get(absorbe.id, ()):
            fins = self._retirer_droits(sanction.date_debut, sanction.date_fin)
            if self.id in fins:
                sanction._ecrire({"fin_prevue": fins[self.id]})
        if absorbe.suspendu_par_id:
            # Qui a suspendu ne corrige pas sa suspension, même dans l'autre dossier.
            self._ecrire({"suspendu_par_id": absorbe.suspendu_par_id.id})
        self.env.flush_all()

    def _fusionner_famille(self, absorbe, trace):
        """Reporte les ayants droit de l'absorbé sur le gardé et leurs liens datés."""
        self.env.flush_all()
        cr = self.env.cr
        membres = absorbe.sudo().with_context(active_test=False).ayant_droit_ids
        membres._ecrire({"assure_principal_id": self.id})
        self.env.flush_all()
        cr.execute("UPDATE cnas_lien_familial SET principal_id = %s WHERE principal_id = %s AND membre_id <> %s",
                   (self.id, absorbe.id, self.id))
        trace["deplaces"]["ayants_droit"] = len(membres)
        liens = self.env["cnas.lien_familial"].sudo().search([("membre_id", "=", absorbe.id)])
        for lien in liens:
            try:
                with cr.savepoint(flush=True), tools.mute_logger("odoo.sql_db"):
                    lien._ecrire({"membre_id": self.id})
                    lien.flush_recordset()
            except psycopg2.Error:
                lien.invalidate_recordset()
                trace["restes"].setdefault("cnas_lien_familial", []).append(lien.id)
        self.env.invalidate_all()

    def _deplacer_references(self, absorbe, trace):
        """Fait suivre toutes les clés étrangères, les messages, les pièces jointes, les activités."""
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(SQL_CLES_ETRANGERES)
        for table, colonne in cr.fetchall():
            if f"{table}.{colonne}" not in COLONNES_A_PART:
                self._deplacer_colonne(absorbe, table, colonne, trace)
        for table, colonne_modele in REFERENCES:
            cr.execute(SQL(
                "UPDATE %s SET res_id = %s WHERE res_id = %s AND %s = 'cnas.assure'"
                + (" AND res_field IS NULL" if table == "ir_attachment" else ""),
                SQL.identifier(table), self.id, absorbe.id, SQL.identifier(colonne_modele)))
            if cr.rowcount:
                trace["deplaces"][table] = cr.rowcount
        self.env.invalidate_all()
        self._rafraichir_copies(trace)

    def _rafraichir_copies(self, trace):
        """Recalcule, là où des lignes ont suivi, les champs stockés qui copient un champ de l'assuré."""
        for Modele in self.env.values():
            for nom, champ in Modele._fields.items():
                colonne = champ.related and champ.store and champ.related.split(".")[0]
                if colonne and f"{Modele._table}.{colonne}" in trace["deplaces"]:
                    lignes = Modele.sudo().with_context(active_test=False).search([(colonne, "=", self.id)])
                    self.env.add_to_compute(Modele._fields[nom], lignes)

    def _deplacer_colonne(self, absorbe, table, colonne, trace):
        """Déplace une clé étrangère d'un coup, ou ligne à ligne si une unicité s'y oppose."""
        cr = self.env.cr
        cle = f"{table}.{colonne}"
        requete = SQL("UPDATE %s SET %s = %s WHERE %s = %s", SQL.identifier(table), SQL.identifier(colonne),
                      self.id, SQL.identifier(colonne), absorbe.id)
        try:
            with cr.savepoint(flush=False), tools.mute_logger("odoo.sql_db"):
                cr.execute(requete)
                if cr.rowcount:
                    trace["deplaces"][cle] = cr.rowcount
            return
        except psycopg2.IntegrityError:
            pass
        cr.execute(SQL("SELECT ctid::text FROM %s WHERE %s = %s",
                       SQL.identifier(table), SQL.identifier(colonne), absorbe.id))
        for (ctid,) in cr.fetchall():
            try:
                with cr.savepoint(flush=False), tools.mute_logger("odoo.sql_db"):
                    cr.execute(SQL("UPDATE %s SET %s = %s WHERE ctid = %s::tid",
                                   SQL.identifier(table), SQL.identifier(colonne), self.id, ctid))
                trace["deplaces"][cle] = trace["deplaces"].get(cle, 0) + 1
            except psycopg2.IntegrityError:
                trace["restes"][cle] = trace["restes"].get(cle, 0) + 1
