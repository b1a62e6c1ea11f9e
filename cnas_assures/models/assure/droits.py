from functools import lru_cache

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.faits import Fait, tableau
from odoo.addons.cnas_base.jour import aujourd_hui

from ...qr import texte_de_carte

ROLES_LECTURE_DROITS = (
    "cnas_base.group_agent", "cnas_base.group_medecin_conseil", "cnas_base.group_finance",
    "cnas_base.group_portail_formation",
)

# Le paramètre qui borne l'âge d'un enfant, selon ce qui le prolonge ; le handicap n'a pas de borne.
AGES_LIMITES = {False: "age_max_enfant", "scolarite": "age_max_scolarite", "etudes": "age_max_etudes"}
# Pour chaque (assuré, jour) : sa personne, son lien de famille ce jour-là, la période ouverte qui
# couvre ce jour chez lui puis chez son principal, la fermeture en cours et la limite d'âge levée.
SQL_DROITS = """
SELECT d.assure_id, d.jour, a.state, a.type_assure, a.date_naissance, a.date_deces, a.date_affiliation,
       date_part('year', age(d.jour, a.date_naissance))::int AS age,
       l.principal_id, l.lien,
       droit.propre_debut, droit.propre_fin, droit.derive_debut, droit.derive_fin,
       droit.ferme_motif, droit.ferme_debut, droit.ferme_principal_motif, droit.ferme_principal_debut,
       prolongation.nature AS prolongation, p.date_affiliation AS principal_affiliation, a.matricule, a.name,
       r.id AS regime_id, r.code AS regime, r.carence_mois
  FROM unnest(%(ids)s::int[], %(jours)s::date[]) AS d(assure_id, jour)
  JOIN cnas_assure a ON a.id = d.assure_id
  LEFT JOIN LATERAL (
       SELECT principal_id, lien FROM cnas_lien_familial
        WHERE membre_id = a.id AND date_debut <= d.jour AND (date_fin IS NULL OR date_fin >= d.jour)
        LIMIT 1) l ON TRUE
  LEFT JOIN cnas_assure p ON p.id = l.principal_id
  LEFT JOIN LATERAL (
       SELECT max(regime_id) FILTER (WHERE assure_id = a.id AND state = 'ouvert') AS propre_regime_id,
              max(date_debut) FILTER (WHERE assure_id = a.id AND state = 'ouvert') AS propre_debut,
              max(date_fin) FILTER (WHERE assure_id = a.id AND state = 'ouvert') AS propre_fin,
              max(regime_id) FILTER (WHERE assure_id = p.id AND state = 'ouvert') AS derive_regime_id,
              max(date_debut) FILTER (WHERE assure_id = p.id AND state = 'ouvert') AS derive_debut,
              max(date_fin) FILTER (WHERE assure_id = p.id AND state = 'ouvert') AS derive_fin,
              max(date_debut) FILTER (WHERE assure_id = a.id AND state = 'ferme') AS ferme_debut,
              (array_agg(motif ORDER BY date_debut DESC, id DESC)
               FILTER (WHERE assure_id = a.id AND state = 'ferme'))[1] AS ferme_motif,
              max(date_debut) FILTER (WHERE assure_id = p.id AND state = 'ferme') AS ferme_principal_debut,
              (array_agg(motif ORDER BY date_debut DESC, id DESC)
               FILTER (WHERE assure_id = p.id AND state = 'ferme'))[1] AS ferme_principal_motif
         FROM cnas_droit
        WHERE assure_id IN (a.id, p.id) AND date_debut <= d.jour AND (date_fin IS NULL OR date_fin >= d.jour)
       ) droit ON TRUE
  LEFT JOIN LATERAL (
       SELECT nature FROM cnas_prolongation_age
        WHERE assure_id = a.id AND date_debut <= d.jour AND (date_fin IS NULL OR date_fin >= d.jour)
        ORDER BY CASE nature WHEN 'handicap' THEN 0 WHEN 'etudes' THEN 1 ELSE 2 END
        LIMIT 1) prolongation ON TRUE
  LEFT JOIN cnas_regime r ON r.id = COALESCE(droit.propre_regime_id, droit.derive_regime_id, a.regime_id)
"""


class Faits(Fait):
    """Ce que `SQL_DROITS` dit d'un assuré, un jour."""

    __slots__ = (
        "assure_id", "jour", "state", "type_assure", "date_naissance", "date_deces", "date_affiliation", "age",
        "principal_id", "lien", "propre_debut", "propre_fin", "derive_debut", "derive_fin",
        "ferme_motif", "ferme_debut", "ferme_principal_motif", "ferme_principal_debut",
        "prolongation", "principal_affiliation", "matricule", "name", "regime_id", "regime", "carence_mois",
    )


@lru_cache
def fin_de_carence(affiliation, mois):
    """Rend le premier jour d'après la carence d'un régime."""
    return affiliation + relativedelta(months=mois)


class AssureDroits(models.Model):
    """Droits à une date : la question que posent les formations, le contrôle et l'accueil."""

    _inherit = "cnas.assure"

    etat_droits = fields.Selection(
        selection=[("ouverts", "Ouverts"), ("fermes", "Fermés")], string="Droits aujourd'hui",
        compute="_compute_etat_droits")
    motif_droits = fields.Char(string="Explication des droits", compute="_compute_etat_droits")
    date_fin_droits = fields.Date(string="Fin des droits", compute="_compute_etat_droits")
    date_fin_carence = fields.Date(
        string="Fin de la carence", compute="_compute_etat_droits",
        help="Premier jour couvert hors urgence et maternité, selon la carence du régime.")

    # ------------------------------------------------------------------ calculs
    @api.depends("state", "date_deces", "date_naissance", "assure_principal_id", "droit_ids.date_debut",
                 "droit_ids.date_fin", "droit_ids.state", "lien_ids.date_fin")
    def _compute_etat_droits(self):
        jour = aujourd_hui()
        reels = self.filtered(lambda a: isinstance(a.id, int))
        situations = reels.sudo()._droits_par_lot([(assure.id, jour) for assure in reels])
        for assure in self:
            situation = situations.get((assure.id, jour), {})
            assure.etat_droits = situation.get("etat", "fermes")
            assure.motif_droits = situation.get("motif", "")
            assure.date_fin_droits = situation.get("date_fin", False)
            assure.date_fin_carence = situation.get("date_fin_carence", False)

    # ------------------------------------------------------------------ métier (XML-RPC)
    @api.model
    def verifier_droits(self, matricule, date=None):
        """Dit si une personne est couverte un jour donné, en trois requêtes au plus.

        :param str matricule: matricule (espaces et casse indifférents) ou numéro de carte
        :param date: AAAA-MM-JJ ; vide : aujourd'hui
        :return: {"trouve", "matricule", "name", "etat_droits": "ouverts"|"fermes", "motif", "regime",
            "date_debut_droits", "date_fin_droits", "date_fin_carence", "alerte"} ; dates en texte, False s'il n'y
            en a pas ; une carte perdue, annulée, expirée ou non remise n'ouvre rien, lue par son QR ou par son numéro
            (`motif` et `alerte` disent pourquoi) ; la carence ne ferme pas les droits : les soins d'avant `date_fin_carence` suivent la règle de carence
        :raise UserError: date illisible
        :raise AccessError: usager sans rôle CNAS
        """
        self._exiger_groupe(ROLES_LECTURE_DROITS, _("vérifier des droits"))
        jour = self._lire_date(date)
        self.env["cnas.journal"]._exiger_debit("verification_droits")
        assure_id, refus = self._chercher_matricule(matricule)
        self._tracer_verification(matricule, jour, assure_id)
        if not assure_id:
            return self._reponse_droits({
                "matricule": self._normaliser_matricule(matricule), "etat": "fermes", "motif": refus, "alerte": refus})
        return self._reponse_droits(self._droits_par_lot([(assure_id, jour)])[assure_id, jour], trouve=True)

    @api.model
    def droits_restants(self, matricule, date=None, code=None):
        """Dit ce qu'il reste à une personne : plafonds, nombres et unités encore disponibles.

        :param str matricule: matricule ou numéro de carte
        :param date: AAAA-MM-JJ ; vide : aujourd'hui
        :param str code: code d'une prestation, pour n'avoir que ce qui la concerne
        :return: la réponse de `verifier_droits`, plus "plafonds" et "prestations", deux listes
            (voir `_consommations_par_lot`), vides pour une formation qui ne soigne pas cette personne
        :raise UserError: date illisible
        """
        reponse = self.verifier_droits(matricule, date)
        reponse.update(plafonds=[], prestations=[])
        assure_id = self._chercher_matricule(matricule)[0]
        if assure_id and self._consommations_lisibles(assure_id):
            cle = (assure_id, self._lire_date(date), code or False)
            reponse.update(self._consommations_par_lot([cle])[cle])
        return reponse

    # ------------------------------------------------------------------ métier (entre addons)
    @api.model
    def _droits_par_lot(self, demandes):
        """Dit l'état des droits de chaque (assuré, jour) du lot, en une requête.

        :param demandes: liste de (assure_id, date)
        :return: {(assure_id, date): {"etat": "ouverts"|"fermes", "motif", "code", "regime_id",
            "date_debut", "date_fin", "date_affiliation", "date_fin_carence", "principal_id", "lien", "matricule", "name",
            "regime", "type_assure"}} ; `code` dit ce qui ferme les droits (`ferme`, `non_rattache`, `age`, `deces`,
            `naissance`), vide s'ils sont ouverts
        """
        demandes = sorted(set(demandes))
        if not demandes:
            return {}
        # Ces tables seulement : un champ calculé peut poser la question sans précipiter le calcul des autres.
        for modele in ("cnas.assure", "cnas.droit", "cnas.lien_familial", "cnas.prolongation_age", "cnas.regime"):
            self.env[modele].flush_model()
        lus = Faits.lire(self.env.cr, SQL_DROITS, {
            "ids": tableau(d[0] for d in demandes), "jours": tableau(d[1] for d in demandes)})
        # Traduite une fois pour le lot : la traduction coûterait plus que tout le reste.
        ouverts = _("Droits ouverts depuis le %s.", "%s")
        return {(faits.assure_id, faits.jour): self._juger_droits(faits, ouverts) for faits in lus}

    def _regimes_par_lot(self, jour):
        """Rend {assure_id: régime à la date}, celui des droits de ce jour, en une requête."""
        ids = self._origin.ids
        return {cle[0]: droit["regime_id"] for cle, droit in self._droits_par_lot([(i, jour) for i in ids]).items()}

    @api.model
    def _resoudre_matricules(self, textes):
        """Rend l'assuré de chaque matricule ou numéro de carte, en une requête.

        Un dossier fusionné rend celui qui l'a absorbé.

        :param textes: liste de textes tels que saisis
        :return: {texte: assure_id ou False}
        """
        return {texte: trouve[0] for texte, trouve in self._resoudre_avec_cartes(textes).items()}

    @api.model
    def _resoudre_avec_cartes(self, textes):
        """Rend {texte: (assure_id ou False, état et expiration de la carte lue ou None)}, en une requête."""
        normes = {texte: self._normaliser_matricule(texte) for texte in textes}
        connus = list({norme for norme in normes.values() if norme.isascii() and norme.isalnum()})
        if not connus:
            return dict.fromkeys(textes, (False, None, None))
        self.flush_model(["matricule", "fusionne_dans_id"])
        self.env["cnas.carte"].flush_model(["numero", "assure_id", "state", "date_expiration"])
        self.env.cr.execute("""
            SELECT matricule, COALESCE(fusionne_dans_id, id), NULL, NULL::date, 1 FROM cnas_assure WHERE matricule = ANY(%(textes)s)
            UNION ALL
            SELECT c.numero, COALESCE(a.fusionne_dans_id, a.id), c.state, c.date_expiration, 2
              FROM cnas_carte c JOIN cnas_assure a ON a.id = c.assure_id
             WHERE c.numero = ANY(%(textes)s)
             ORDER BY 5 DESC""", {"textes": connus})
        trouves = {texte: tuple(trouve) for texte, *trouve, _rang in self.env.cr.fetchall()}
        return {texte: trouves.get(norme, (False, None, None)) for texte, norme in normes.items()}

    @api.model
    def _consommations_par_lot(self, demandes):
        """Point d'extension : ce que chaque bénéficiaire peut encore consommer.

        Cet addon ne connaît ni plafonds ni feuilles : il rend des listes vides.
        `cnas_feuilles_soin` surcharge cette méthode par `_inherit` et les remplit, à nombre de
        requêtes constant.

        :param demandes: liste de (assure_id, date, code de prestation ou False)
        :return: {(assure_id, date, code): {
            "plafonds": [{"portee", "type_soins", "categorie", "montant_max", "montant_consomme",
                          "montant_restant", "nombre_max", "nombre_consomme", "nombre_restant",
                          "date_debut", "date_fin"}],
            "prestations": [{"code", "name", "quantite_max", "quantite_consommee", "quantite_restante",
                             "prochaine_date"}]}} ; entiers, dates en texte, False = sans limite
        """
        return {cle: {"plafonds": [], "prestations": []} for cle in demandes}

    @api.model
    def _consommations_lisibles(self, assure_id):
        """Point d'extension : dit si l'usager peut lire ce qu'a consommé cette personne."""
        return True

    # ------------------------------------------------------------------ privé
    @api.model
    def _tracer_verification(self, matricule, jour, assure_id):
        """Note qui a demandé les droits de qui ; le QR d'une carte se réduit à son numéro."""
        texte = texte_de_carte(str(matricule or "").strip()).split("|")
        self.env["cnas.journal"]._ajouter_une_fois({
            "modele": "cnas.assure", "res_id": assure_id or 0, "evenement": "verification_droits",
            "apres": {"demande": (texte[2] if len(texte) > 2 else texte[0])[:32], "jour": fields.Date.to_string(jour)}})

    @api.model
    def _chercher_matricule(self, matricule):
        """Rend (assure_id ou False, phrase de refus) pour un matricule, un numéro ou le QR d'une carte."""
        matricule = texte_de_carte(matricule)
        if isinstance(matricule, str) and "|" in matricule:
            matricule, refus = self._numero_du_qr(matricule)
            if refus:
                return False, refus
        texte = self._normaliser_matricule(matricule)
        if not texte:
            return False, _("Donnez un matricule ou un numéro de carte.")
        assure_id, etat, expiration = self._resoudre_avec_cartes([texte])[texte]
        if assure_id:
            refus = etat and self.env["cnas.carte"]._phrase_de_refus(etat, expiration)
            return (False, refus) if refus else (assure_id, "")
        if not self._cle_valide(texte):
            return False, _("Numéro inconnu : la clé de contrôle de « %s » est fausse, vérifiez chaque chiffre.", texte)
        return False, _("Aucun assuré ne porte le numéro « %s ».", texte)

    @api.model
    def _numero_du_qr(self, texte):
        """Rend (numéro de carte, phrase de refus) : signature juste, carte ni perdue ni annulée."""
        Carte = self.env["cnas.carte"].sudo()
        lu = Carte._lire_qr(texte.strip())
        if not lu:
            return False, _("Ce code QR n'a pas été signé par la CNAS : vérifiez la carte.")
        carte = Carte.search([("numero", "=", lu["numero"])], limit=1)
        return lu["numero"], carte._motif_refus() if carte else _("Cette carte est inconnue.")

    @api.model
    def _reponse_droits(self, situation, trouve=False):
        """Met une situation en types JSON simples, la même forme qu'on ait trouvé ou non."""
        return {
            "trouve": trouve,
            "matricule": situation["matricule"] or "",
            "name": situation.get("name") or "",
            "etat_droits": situation["etat"],
            "motif": situation["motif"],
            "regime": situation.get("regime") or "",
            "type_assure": situation.get("type_assure") or "",
            "date_debut_droits": fields.Date.to_string(situation.get("date_debut") or False) or False,
            "date_fin_droits": fields.Date.to_string(situation.get("date_fin") or False) or False,
            "date_fin_carence": fields.Date.to_string(situation.get("date_fin_carence") or False) or False,
            "alerte": situation.get("alerte") or "",
        }

    @api.model
    def _juger_droits(self, faits, ouverts):
        """Conclut, depuis les faits d'une ligne de `SQL_DROITS`, si les droits sont ouverts ce jour-là."""
        code, motif = self._empechement(faits)
        propre = bool(faits.propre_debut)
        debut, fin = (faits.propre_debut, faits.propre_fin) if propre else (faits.derive_debut, faits.derive_fin)
        affiliation = faits.date_affiliation if propre or not faits.principal_id else faits.principal_affiliation
        return {
            "etat": "fermes" if code else "ouverts",
            "code": code,
            "motif": motif if code else ouverts % ecrire_date(debut),
            "regime_id": faits.regime_id or False,
            "regime": faits.regime,
            "matricule": faits.matricule,
            "name": faits.name,
            "type_assure": "ayant_droit" if faits.principal_id else "principal",
            "date_debut": not code and debut or False,
            "date_fin": not code and fin or False,
            "date_affiliation": affiliation or False,
            "date_fin_carence": affiliation and faits.carence_mois and fin_de_carence(affiliation, faits.carence_mois) or False,
            "principal_id": faits.principal_id or False,
            "lien": faits.lien or False,
        }

    @api.model
    def _empechement(self, faits):
        """Rend (code, phrase) de ce qui ferme les droits ce jour-là, ou ("", "")."""
        jour = faits.jour
        if faits.date_deces and jour > faits.date_deces:
            return "deces", _("Bénéficiaire décédé le %s.", ecrire_date(faits.date_deces))
        if faits.date_naissance and jour < faits.date_naissance:
            return "naissance", _("Cette date précède la naissance du bénéficiaire.")
        if faits.state == "brouillon":
            return "ferme", _("Assuré non immatriculé : dossier encore en brouillon.")
        if faits.propre_debut:
            return "", ""
        if faits.ferme_debut:
            return "ferme", self._phrase_fermeture(faits.ferme_debut, faits.ferme_motif)
        if faits.type_assure == "principal" and not faits.principal_id:
            return "ferme", _("Aucune période de droits ne couvre le %s.", ecrire_date(jour))
        if not faits.principal_id:
            return "non_rattache", _("Ayant droit sans lien familial en cours au %s.", ecrire_date(jour))
        seuil = AGES_LIMITES.get(faits.prolongation or False)
        limite = self.env["cnas.parametre"]._au(seuil, jour) if faits.lien == "enfant" and seuil else 0
        if limite and (faits.age or 0) >= limite:
            return "age", _("Enfant de %(age)s ans : limite d'âge de %(limite)s ans atteinte, sans justificatif "
                            "de scolarité ou de handicap valable.", age=faits.age, limite=limite)
        if faits.derive_debut:
            return "", ""
        if faits.ferme_principal_debut:
            return "ferme", _("Droits de l'assuré principal fermés. %s", self._phrase_fermeture(
                faits.ferme_principal_debut, faits.ferme_principal_motif))
        return "ferme", _("L'assuré principal n'a pas de droits ouverts au %s.", ecrire_date(jour))

    @api.model
    def _phrase_fermeture(self, debut, motif):
        return _("Droits fermés depuis le %(date)s : %(motif)s",
                 date=ecrire_date(debut), motif=motif or _("sans motif"))
