"""Précharge une tranche de feuilles en quelques requêtes ; aucune autre lecture n'aura lieu."""
from collections import defaultdict
from datetime import timedelta

from psycopg2.extras import Json

from odoo.addons.cnas_base.age import age_en_annees
from odoo.addons.cnas_base.faits import Fait, tableau
from odoo.addons.cnas_formations.models.formation_type import sql_type_au

from . import ecriture, familles
from .contexte import Feuille, Ligne, Passe, Tranche
from .dates import annee_de_droits

# Âge d'un adulte devant les plafonds, si aucune règle n'en dit rien.
AGE_ADULTE = 18
# Pièces qui attestent un nouveau-né soigné sous le numéro de sa mère.
ATTESTATIONS = ("ATTESTATION_NN", "ACTE_NAISSANCE")

# Les dossiers : la table, ou des brouillons jamais enregistrés, rang pour rang.
TABLES = {"feuilles": "cnas_feuille_soin", "lignes": "cnas_feuille_soin_ligne"}
BROUILLONS = {nom: f"jsonb_populate_recordset(NULL::{table}, %({nom})s)" for nom, table in TABLES.items()}

# Une ligne que rien n'a ôtée, d'un dossier vivant : elle compte devant les doublons, les plafonds et les accords.
SQL_ACCEPTEE = "f.state IN ('controle', 'avis_medical', 'validee', 'payee') AND l.decision IN ('acceptee', 'abattue')"
# Un nouveau-né soigné sous le numéro de sa mère est une autre personne qu'elle, et que son jumeau.
SQL_PERSONNE = """CASE WHEN COALESCE(f.nouveau_ne, false) AND f.enfant_id IS NULL
            THEN concat_ws('/', f.assure_id, f.date_naissance_declaree, COALESCE(NULLIF(f.rang_naissance, 0), 1))
            ELSE COALESCE(f.enfant_id, f.assure_id)::text END"""
SQL_FEUILLES = """
SELECT f.id, f.numero, f.reference, f.state, f.formation_id, f.assure_id, {personne} AS personne,
       COALESCE(a.famille_id, a.id) AS foyer_id,
       f.date_soins, f.date_fin_soins AS date_fin, f.date_depot, f.pathologie_id, f.praticien_id,
       COALESCE(f.urgence, false) AS urgence, f.type_soins, f.mode, COALESCE(f.nature, 'ordinaire') AS nature,
       NULLIF(f.total_declare, 0)::bigint AS total_declare, f.entente_id AS entente_prevue_id,
       f.signature_constatee AS signature, COALESCE(f.multi_beneficiaire, false) AS multi_beneficiaire,
       NULLIF(f.numero_carnet, 0) AS numero_carnet, f.date_naissance_declaree, f.cause, f.fiche_reference,
       f.date_ordonnance, COALESCE(f.nouveau_ne, false) AS nouveau_ne,
       COALESCE(f.attestation_nouveau_ne, false) AS attestation_nouveau_ne,
       NULLIF(f.numero_facture_formation, '') AS numero_facture, COALESCE(f.diagnostic_clair, false) AS diagnostic_clair,
       a.matricule, a.genre, a.date_naissance AS naissance, a.date_deces AS deces, a.type_assure, a.lien,
       COALESCE(CASE WHEN f.state <> 'brouillon' THEN NULLIF(f.niveau_formation, 0) END, t.niveau, s.niveau) AS niveau,
       COALESCE(CASE WHEN f.state <> 'brouillon' THEN f.type_formation END, t.type_formation, s.type_formation) AS type_formation, s.code AS formation_code, s.name AS formation_nom,
       p.sexe AS patho_sexe, NULLIF(p.age_min, 0) AS patho_age_min,
       CASE WHEN p.age_max < 120 THEN p.age_max END AS patho_age_max,
       COALESCE(p.maternite, false) AS patho_maternite, COALESCE(p.ald, false) AS patho_ald,
       k.date_perte AS carte_perdue_le, m.date_radiation AS praticien_radie_le, m.qualification AS praticien_qualification, f.controle_initial
  FROM {feuilles} f
  JOIN cnas_assure a ON a.id = f.assure_id
  LEFT JOIN cnas_formation_sanitaire s ON s.id = f.formation_id
  {type_au}
  LEFT JOIN cnas_pathologie p ON p.id = f.pathologie_id
  LEFT JOIN cnas_praticien m ON m.id = f.praticien_id
  LEFT JOIN cnas_carte k ON k.id = f.carte_id
 WHERE f.id = ANY(%(ids)s)
"""
SQL_LIGNES = """
SELECT l.id, l.feuille_id, l.prestation_id, l.quantite, l.prix_unitaire::bigint AS prix,
       COALESCE(l.montant_facture, 0)::bigint AS facture, COALESCE(l.quantite_revue, 0) AS revue_q,
       COALESCE(l.prix_revu, 0)::bigint AS revue_pu, COALESCE(l.rejet_revu, false) AS revue_rejet,
       NULLIF(round(l.coefficient_facture * 100)::bigint, 0) AS coefficient,
       NULLIF(l.ticket_facture, 0)::bigint AS ticket_facture, COALESCE(l.duree_jours, 0) AS duree,
       COALESCE(l.posologie_jour, 0) AS posologie, COALESCE(l.montant_cnas, 0)::bigint AS acquis,
       l.decision IN ('acceptee', 'abattue') AS deja_retenue
  FROM {lignes} l
 WHERE l.feuille_id = ANY(%(ids)s)
 ORDER BY l.feuille_id, l.sequence, l.id < 0, abs(l.id)
"""
SQL_HISTORIQUE = f"""
SELECT f.id AS feuille_id, f.numero, f.date_soins AS date, f.controle_initial, f.assure_id,
       {SQL_PERSONNE} AS personne, COALESCE(k.principal_id, f.assure_id) AS famille_id, f.formation_id, s.name AS formation_nom,
       COALESCE(f.date_fin_soins, f.date_soins) AS fin, f.mode, f.type_soins, f.pathologie_id, f.praticien_id,
       l.prestation_id, p.code AS prestation_code, p.categorie, m.dci, COALESCE(p.acte_technique, false) AS technique,
       COALESCE(l.quantite_retenue, 0) AS quantite, COALESCE(l.montant_base, 0)::bigint AS base,
       COALESCE(l.montant_cnas, 0)::bigint AS part, COALESCE(l.franchise, 0)::bigint AS franchise,
       COALESCE(l.hors_plafond, false) AS hors_plafond, COALESCE(l.duree_jours, 0) AS duree, f.regime_id
  FROM cnas_feuille_soin f
  JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id
  JOIN cnas_prestation p ON p.id = l.prestation_id
  JOIN cnas_formation_sanitaire s ON s.id = f.formation_id
  LEFT JOIN cnas_medicament m ON m.prestation_id = p.id
  LEFT JOIN cnas_lien_familial k ON k.membre_id = f.assure_id AND k.date_debut <= f.date_soins
                                AND (k.date_fin IS NULL OR k.date_fin >= f.date_soins)
 WHERE (f.assure_id = ANY(%(personnes)s) OR f.enfant_id = ANY(%(personnes)s)
        OR f.assure_id = ANY(%(proches)s) AND f.date_soins >= %(debut)s)
   AND {SQL_ACCEPTEE}
   AND (COALESCE(f.date_fin_soins, f.date_soins) >= %(depuis)s OR f.date_soins + COALESCE(l.duree_jours, 0) >= %(depuis)s
        OR l.prestation_id = ANY(%(uniques)s))
   AND NOT f.id = ANY(%(lot)s)
"""


def charger(env, referentiel, regles, ids, instant, foyers=None, brouillons=None):
    """Rend le lot préchargé d'une tranche.

    :param ids: identifiants de feuilles, familles entières
    :param regles: règles actives
    :param instant: le rang que prennent les feuilles contrôlées pour la première fois
    :param foyers: {famille d'aujourd'hui: foyer} de ces feuilles et d'autres, s'il est déjà connu
    :param brouillons: {"feuilles": […], "lignes": […]} à la place de la base, des dict colonne → valeur
    """
    lot = Tranche(referentiel, regles, instant)
    source = BROUILLONS if brouillons else TABLES
    ids = tableau(ids)
    faits = {"ids": ids, **{nom: Json(rangs, dumps=ecriture.en_json) for nom, rangs in (brouillons or {}).items()}}
    lot.feuilles = _feuilles(env.cr, source, faits)
    _lignes(env.cr, lot, source, faits)
    if lot.feuilles:
        if foyers is None:
            foyers = familles.foyers(env.cr, {f.foyer_id for f in lot.feuilles})
        for feuille in lot.feuilles:
            feuille.foyer_id = foyers[feuille.foyer_id]
        lot.familles = familles.Familles(env.cr, {f.assure_id for f in lot.feuilles})
        _droits(env, lot)
        _membres(env.cr, lot)
        _tarifer(env, lot)
        _historique(env.cr, lot, ids, foyers)
        _sejours_ouverts(env.cr, lot)
        _ententes(env.cr, lot, ids)
        _pieces(env.cr, lot, ids)
        _factures(env.cr, lot)
        _anomalies(env.cr, lot, ids)
        env["cnas.feuille_soin"]._completer_lot(lot)
    return lot


def _feuilles(cr, source, faits):
    requete = SQL_FEUILLES.format(personne=SQL_PERSONNE, type_au=sql_type_au("f.formation_id", "f.date_soins"), **source)
    feuilles = Feuille.lire(cr, requete, faits)
    for feuille in feuilles:
        feuille.lignes = []
        feuille.cle = (feuille.date_soins, feuille.numero or "", feuille.id)
        # Une feuille (re)déposée n'a pas de rang : d'autres ont pu être acceptées pendant son instance.
        premier = feuille.controle_initial
        feuille.place = (premier, feuille.cle) if premier and feuille.state != "deposee" else None
        if feuille.nouveau_ne:
            feuille.naissance = feuille.date_naissance_declaree or feuille.date_soins
        feuille.age = age_en_annees(feuille.naissance, feuille.date_soins) if feuille.naissance else None
    # Qui a déjà pris rang garde sa place ; les nouvelles suivent, par date de soins puis numéro.
    feuilles.sort(key=lambda f: (f.place is None, f.place or (), f.cle))
    return feuilles


def _lignes(cr, lot, source, faits):
    par_id = {feuille.id: feuille for feuille in lot.feuilles}
    prestations = lot.referentiel.prestations
    for ligne in Ligne.lire(cr, SQL_LIGNES.format(**source), faits):
        feuille = ligne.feuille = par_id[ligne.feuille_id]
        ligne.prestation = prestations[ligne.prestation_id]
        ligne.rang_ligne = len(feuille.lignes)
        feuille.lignes.append(ligne)
    # Sans ligne, le lot interroge le passé pour les prestations qu'on lui a nommées.
    lot.demandees = {ligne.prestation for f in lot.feuilles for ligne in f.lignes} or set(prestations.values())


def _droits(env, lot):
    """Pose sur chaque feuille ses droits à la date des soins, son année de droits et la situation de sa formation."""
    droits = env["cnas.assure"].sudo()._droits_par_lot([(f.assure_id, f.date_soins) for f in lot.feuilles])
    situations = env["cnas.formation_sanitaire"].sudo()._situation_par_lot(
        list({(f.formation_id, f.date_soins) for f in lot.feuilles if f.formation_id}))
    annees = {}
    for feuille in lot.feuilles:
        jour = feuille.date_soins
        droit = droits[feuille.assure_id, jour]
        feuille.empechement = droit["code"]
        feuille.regime_id = droit["regime_id"]
        feuille.affiliation = droit["date_affiliation"] or None
        feuille.regime_code, feuille.carence_mois = lot.referentiel.regimes.get(feuille.regime_id, ("", 0))
        feuille.situation = situations.get((feuille.formation_id, jour), "aucune")
        feuille.principal_id = droit["principal_id"] or feuille.assure_id
        feuille.famille_id = lot.familles.famille(feuille.principal_id, jour)
        civile = lot.reglage("annee_de_droits", jour) == "civile"
        for annee, qui in (("annee", feuille.assure_id), ("annee_famille", feuille.famille_id)):
            ouverture = None if civile else lot.familles.ouverture(qui, feuille.regime_id)
            if (ouverture, jour) not in annees:
                annees[ouverture, jour] = annee_de_droits(ouverture, jour)
            setattr(feuille, annee, annees[ouverture, jour])


def _membres(cr, lot):
    """Compte les vivants de chaque famille, principal compris, à la date des soins, si un plafond s'en sert."""
    comptes = {}
    if any(plafond.majoration_membre for plafond in lot.referentiel.plafonds):
        principaux, jours = zip(*{(f.principal_id, f.date_soins) for f in lot.feuilles})
        cr.execute("""
            SELECT v.principal, v.jour, (p.date_deces IS NULL OR p.date_deces >= v.jour)::int + (
                   SELECT count(*) FROM cnas_lien_familial k JOIN cnas_assure m ON m.id = k.membre_id
                    WHERE k.principal_id = v.principal AND k.date_debut <= v.jour
                      AND (k.date_fin IS NULL OR k.date_fin >= v.jour)
                      AND (m.date_deces IS NULL OR m.date_deces >= v.jour))
              FROM unnest(%s::int[], %s::date[]) AS v (principal, jour) JOIN cnas_assure p ON p.id = v.principal""",
                   [tableau(principaux), tableau(jours)])
        comptes = {(principal, jour): nombre for principal, jour, nombre in cr.fetchall()}
    for feuille in lot.feuilles:
        feuille.membres = comptes.get((feuille.principal_id, feuille.date_soins), 1)


def _natures(env, feuille):
    """Rend les natures dont la feuille peut relever à la fois : un enfant malade au long cours est les deux."""
    natures = [feuille.nature]
    if feuille.nature in ("ald", "maternite"):
        if feuille.nature == "ald" and feuille.patho_maternite:
            natures.append("maternite")
        if feuille.age is not None and feuille.age < env["cnas.parametre"]._au("age_enfant", feuille.date_soins):
            natures.append("enfant")
    return natures


def _tarifer(env, lot):
    """Pose sur chaque ligne son tarif, son taux, et si elle échappe aux plafonds."""
    tarif, taux, connus = lot.referentiel.tarif, lot.referentiel.taux, {}
    for feuille in lot.feuilles:
        jour, niveau, regime = feuille.date_soins, feuille.niveau, feuille.regime_id
        natures = _natures(env, feuille)
        du_cas = connus.setdefault((regime, jour, *natures), {})
        majorite = lot.reglage("age_adulte", jour)
        adulte = feuille.age is None or feuille.age >= (AGE_ADULTE if majorite is None else majorite)
        for ligne in feuille.lignes:
            prestation = ligne.prestation
            trouve = tarif(prestation.id, niveau, jour)
            ligne.tarif = trouve.montant if trouve else None
            if prestation.type not in du_cas:
                # Le plus favorable : une maladie longue n'ôte pas à l'enfant ce que son âge lui donne.
                possibles = [taux(regime, prestation.type, nature, jour) for nature in natures]
                du_cas[prestation.type] = max((t for t in possibles if t is not None), default=None)
            ligne.taux = du_cas[prestation.type]
            ligne.hors_plafond = prestation.hors_plafond(adulte, feuille.type_soins)


def _historique(cr, lot, ids, foyers):
    """Lit les lignes déjà acceptées des bénéficiaires (et, si un plafond vise la famille, de l'année de leur foyer)."""
    referentiel = lot.referentiel
    personnes, proches = {f.assure_id for f in lot.feuilles}, set()
    if any(plafond.portee == "famille" for plafond in referentiel.plafonds):
        siens = {f.foyer_id for f in lot.feuilles}
        proches = familles.membres(cr, [famille for famille, foyer in foyers.items() if foyer in siens]) - personnes
    premier_jour = min(f.date_soins for f in lot.feuilles)
    debut = min(premier_jour, *(min(f.annee[0], f.annee_famille[0]) for f in lot.feuilles))
    passees = Passe.lire(cr, SQL_HISTORIQUE, {
        "personnes": tableau(personnes), "proches": tableau(proches), "debut": debut,
        "depuis": min(debut, premier_jour - timedelta(days=_recul(lot))),
        "uniques": [p.id for p in lot.demandees if p.unique_vie], "lot": ids})
    lot.familles.connaitre(cr, {passe.famille_id for passe in passees})
    for passe in passees:
        passe.famille_id = lot.familles.famille(passe.famille_id, passe.date)
        lot.historique.ajouter(passe)


def _sejours_ouverts(cr, lot):
    """Range par personne les séjours qui attendent leur date de sortie : on y est au moins jusqu'au dépôt."""
    cr.execute(f"""
        SELECT {SQL_PERSONNE}, f.id, f.numero, f.date_soins, f.date_depot
          FROM cnas_feuille_soin f
         WHERE f.assure_id = ANY(%s) AND f.type_soins = 'hospitalisation' AND f.date_fin_soins IS NULL
           AND f.state IN ('deposee', 'instance') AND f.date_depot IS NOT NULL
         ORDER BY f.id""", [tableau({f.assure_id for f in lot.feuilles})])
    lot.sejours_ouverts = defaultdict(list)
    for personne, *sejour in cr.fetchall():
        lot.sejours_ouverts[personne].append(sejour)


def _recul(lot):
    """Rend de combien de jours, avant les soins, les règles du lot peuvent regarder en arrière.

    Leurs paramètres (lecteur `recul`) et les fréquences le disent ; un séjour ou une délivrance se lisent jusqu'à leur dernier
    jour, un acte unique depuis toujours, et les accords ont leur propre compte.
    """
    delais = [valeur for regle in lot.regles.values() for nom, periodes in regle.parametres.items()
              if regle.fonction.recule(nom) for _debut, _fin, valeur in periodes]
    return max([0, *delais, *(p.frequence for p in lot.demandees if p.frequence)])


class Accord(Fait):
    """Un accord préalable donné."""

    __slots__ = ("id", "numero", "assure_id", "prestation_id", "formation_id", "quantite", "montant", "debut", "fin")


def _ententes(cr, lot, ids):
    soumises = [p.id for p in lot.demandees if p.entente]
    lot.ententes, lot.entente_par_id = defaultdict(list), {}
    for accord in Accord.lire(cr, """
            SELECT id, numero, assure_id, prestation_id, formation_id, COALESCE(quantite_accordee, 0) AS quantite,
                   COALESCE(montant_accorde, 0)::bigint AS montant, date_debut AS debut, date_fin AS fin
              FROM cnas_entente_prealable
             WHERE state IN ('accordee', 'expiree') AND date_debut IS NOT NULL AND assure_id = ANY(%s)
               AND prestation_id = ANY(%s)
             ORDER BY date_debut, id""", [tableau({f.assure_id for f in lot.feuilles}), soumises]):
        lot.entente_par_id[accord.id] = accord
        lot.ententes[accord.assure_id, accord.prestation_id].append(accord)
    lot.imputes = imputer(cr, list(lot.entente_par_id), ids)


def imputer(cr, accords, sauf="{}"):
    """Rend {accord: (quantité, montant)} déjà pris sur des accords, hors les feuilles `sauf` (un `tableau`). Le seul compte qui en existe."""
    if not accords:
        return {}
    cr.execute(f"""
        SELECT l.entente_imputee_id, sum(COALESCE(l.quantite_retenue, 0)), sum(COALESCE(l.montant_base, 0))::bigint
          FROM cnas_feuille_soin_ligne l JOIN cnas_feuille_soin f ON f.id = l.feuille_id
         WHERE l.entente_imputee_id = ANY(%s) AND {SQL_ACCEPTEE} AND NOT f.id = ANY(%s)
         GROUP BY 1""", [accords, sauf])
    return {accord: (quantite, montant) for accord, quantite, montant in cr.fetchall()}


def _pieces(cr, lot, ids):
    """Lit les types de pièces jointes, et les feuilles numérisées déjà vues dans un dossier reçu avant."""
    cr.execute("""
        SELECT p.feuille_id, p.type_id, t.code = ANY(%s)
          FROM cnas_feuille_soin_piece p JOIN cnas_type_piece t ON t.id = p.type_id
         WHERE p.feuille_id = ANY(%s)""", [list(ATTESTATIONS), ids])
    jointes, attestees = defaultdict(set), set()
    for feuille_id, type_id, attestation in cr.fetchall():
        jointes[feuille_id].add(type_id)
        if attestation:
            attestees.add(feuille_id)
    for feuille in lot.feuilles if attestees else ():
        feuille.attestation_nouveau_ne |= feuille.id in attestees
    lot.pieces_jointes = jointes
    cr.execute("""
        SELECT DISTINCT ON (p.feuille_id) p.feuille_id, g.numero
          FROM cnas_feuille_soin_piece p
          JOIN cnas_type_piece t ON t.id = p.type_id AND t.code = 'FEUILLE'
          JOIN cnas_feuille_soin_piece d ON d.empreinte = p.empreinte AND d.feuille_id < p.feuille_id
          JOIN cnas_feuille_soin g ON g.id = d.feuille_id AND g.state NOT IN ('brouillon', 'annulee')
          JOIN cnas_feuille_soin f ON f.id = p.feuille_id AND NOT (f.origine_id IS NOT NULL AND g.state = 'rejetee')
         WHERE p.feuille_id = ANY(%s) AND p.empreinte IS NOT NULL
         ORDER BY p.feuille_id, g.id""", [ids])
    lot.pieces_vues = dict(cr.fetchall())


def _factures(cr, lot):
    """Lit qui a déjà payé chaque numéro de facture ; un dossier et ses reprises n'en font qu'un : `dossier_id`."""
    cites = [f for f in lot.feuilles if f.numero_facture]
    lot.factures_payees = defaultdict(set)
    if not cites:
        return
    cr.execute("""
        WITH RECURSIVE payees AS (
            SELECT id, formation_id, numero_facture_formation AS numero, EXTRACT(year FROM date_soins)::int AS annee
              FROM cnas_feuille_soin WHERE numero_facture_formation = ANY(%(numeros)s) AND state = 'payee'
        ), lignee (feuille_id, id, origine_id) AS (
            SELECT id, id, origine_id FROM cnas_feuille_soin
             WHERE id = ANY(%(cites)s) OR id IN (SELECT id FROM payees)
             UNION ALL
            SELECT g.feuille_id, f.id, f.origine_id FROM lignee g JOIN cnas_feuille_soin f ON f.id = g.origine_id
        ), dossiers AS (SELECT feuille_id, id AS dossier_id FROM lignee WHERE origine_id IS NULL)
        SELECT d.feuille_id, d.dossier_id, p.formation_id, p.numero, p.annee
          FROM dossiers d LEFT JOIN payees p ON p.id = d.feuille_id""",
               {"numeros": list({f.numero_facture for f in cites}), "cites": [f.id for f in cites]})
    dossiers = {}
    for feuille_id, dossier_id, *facture in cr.fetchall():
        dossiers[feuille_id] = dossier_id
        lot.factures_payees[tuple(facture)].add(dossier_id)
    for feuille in cites:
        feuille.dossier_id = dossiers.get(feuille.id, feuille.id)


def _anomalies(cr, lot, ids):
    """Lit les anomalies déjà écrites : les levées font taire leur règle, les autres servent à n'écrire que le neuf."""
    cr.execute("""
        SELECT id, feuille_id, COALESCE(ligne_id, 0), regle_id, severite, message, COALESCE(montant_avant, 0)::bigint,
               COALESCE(montant_apres, 0)::bigint, COALESCE(ordre, 0), COALESCE(version, 0), state
          FROM cnas_anomalie WHERE feuille_id = ANY(%s) ORDER BY id""", [ids])
    anciennes = defaultdict(list)
    levees = set()
    for ident, feuille, ligne, regle, *reste, state in cr.fetchall():
        if state == "levee":
            levees.add((feuille, ligne, regle))
        else:
            anciennes[feuille].append((ident, (ligne, regle, *reste)))
    lot.anciennes = anciennes
    lot.levees = frozenset(levees)
