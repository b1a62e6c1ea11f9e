"""Précharge une tranche de feuilles en quelques requêtes ; aucune autre lecture n'aura lieu."""
from collections import defaultdict
from datetime import datetime, timedelta

from .calcul import part as part_theorique
from .contexte import Feuille, Ligne, Lot, Passe
from .dates import age_en_annees, annee_de_droits

# Profondeur d'historique lue d'office : une année de droits et une grossesse y tiennent.
HORIZON = 400

# Rang d'une feuille acceptée sans être passée par ce contrôle (reprise de données) : avant toutes.
JAMAIS = datetime.min
CHAMPS_FEUILLE = 47

SQL_FEUILLES = """
SELECT f.id, f.numero, f.reference, f.state, f.formation_id, f.assure_id, COALESCE(a.famille_id, a.id), f.date_soins,
       f.date_fin_soins, f.date_depot, f.pathologie_id, f.praticien_id, COALESCE(f.urgence, false), f.type_soins,
       f.mode, COALESCE(f.nature, 'ordinaire'), NULLIF(f.total_declare, 0)::bigint, f.entente_id,
       f.signature_constatee, COALESCE(f.multi_beneficiaire, false), NULLIF(f.numero_carnet, 0),
       f.date_naissance_declaree, f.cause, f.fiche_reference, f.date_ordonnance, COALESCE(f.nouveau_ne, false),
       COALESCE(f.attestation_nouveau_ne, false), NULLIF(f.numero_facture_formation, ''),
       COALESCE(f.diagnostic_clair, false),
       a.matricule, a.genre, a.date_naissance, a.date_deces, a.type_assure, a.lien, a.assure_principal_id,
       s.niveau, s.type_formation, s.code, s.name,
       p.sexe, NULLIF(p.age_min, 0), CASE WHEN p.age_max < 120 THEN p.age_max END, COALESCE(p.maternite, false),
       COALESCE(p.ald, false),
       m.date_radiation, m.qualification,
       ARRAY[f.montant_base, f.montant_cnas, f.ticket_moderateur, f.depassement, f.montant_rejete]::bigint[],
       f.etat_droits, f.completude, f.regime_id, f.controle_initial
  FROM cnas_feuille_soin f
  JOIN cnas_assure a ON a.id = f.assure_id
  JOIN cnas_formation_sanitaire s ON s.id = f.formation_id
  LEFT JOIN cnas_pathologie p ON p.id = f.pathologie_id
  LEFT JOIN cnas_praticien m ON m.id = f.praticien_id
 WHERE f.id = ANY(%s)
"""
SQL_LIGNES = """
SELECT l.id, l.feuille_id, l.prestation_id, l.quantite, l.prix_unitaire::bigint, COALESCE(l.montant_facture, 0)::bigint,
       COALESCE(l.quantite_revue, 0), COALESCE(l.prix_revu, 0)::bigint, COALESCE(l.rejet_revu, false),
       NULLIF(round(l.coefficient_facture * 100)::int, 0), NULLIF(l.ticket_facture, 0)::bigint, COALESCE(l.duree_jours, 0),
       COALESCE(l.posologie_jour, 0),
       COALESCE(l.quantite_retenue, 0), COALESCE(l.tarif, 0)::bigint, COALESCE(l.montant_base, 0)::bigint,
       round(COALESCE(l.taux, 0) * 100)::int, COALESCE(l.montant_cnas, 0)::bigint,
       COALESCE(l.ticket_moderateur, 0)::bigint, COALESCE(l.depassement, 0)::bigint,
       COALESCE(l.montant_rejete, 0)::bigint, l.decision, COALESCE(l.coefficient_multiple, 100), l.entente_imputee_id
  FROM cnas_feuille_soin_ligne l
 WHERE l.feuille_id = ANY(%s)
 ORDER BY l.feuille_id, l.sequence, l.id
"""
SQL_HISTORIQUE = """
SELECT f.id, f.numero, f.date_soins, f.controle_initial, f.assure_id,
       f.formation_id, s.name, COALESCE(f.date_fin_soins, f.date_soins), f.mode, f.type_soins, f.pathologie_id,
       f.praticien_id, l.prestation_id, p.categorie, m.dci, COALESCE(p.acte_technique, false),
       COALESCE(l.quantite_retenue, 0), COALESCE(l.montant_base, 0)::bigint, COALESCE(l.montant_cnas, 0)::bigint,
       round(COALESCE(l.taux, 0) * 100)::int, COALESCE(l.duree_jours, 0), l.entente_imputee_id, f.regime_id
  FROM cnas_feuille_soin f
  JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id
  JOIN cnas_prestation p ON p.id = l.prestation_id
  JOIN cnas_formation_sanitaire s ON s.id = f.formation_id
  LEFT JOIN cnas_medicament m ON m.prestation_id = p.id
 WHERE f.assure_id = ANY(%(personnes)s)
   AND f.state IN ('controle', 'avis_medical', 'validee', 'payee')
   AND l.decision IN ('acceptee', 'abattue')
   AND (f.date_soins >= %(depuis)s OR l.prestation_id = ANY(%(uniques)s))
   AND NOT f.id = ANY(%(lot)s)
"""


def charger(env, referentiel, ids, codes_actifs, instant):
    """Rend le lot préchargé d'une tranche.

    :param ids: identifiants de feuilles, familles entières
    :param codes_actifs: codes des règles actives
    :param instant: le rang que prennent les feuilles contrôlées pour la première fois
    """
    lot = Lot(referentiel, codes_actifs, instant)
    lot.feuilles = _feuilles(env.cr, ids)
    _lignes(env.cr, lot, ids)
    _droits(env, lot)
    _tarifer(lot)
    if lot.feuilles:
        _historique(env.cr, lot, ids)
        _ententes(env.cr, lot)
        _pieces(env.cr, lot, ids)
        _factures(env.cr, lot)
        _anomalies(env.cr, lot, ids)
    return lot


def _feuilles(cr, ids):
    noms = Feuille.__slots__[:CHAMPS_FEUILLE]
    cr.execute(SQL_FEUILLES, [ids])
    feuilles = []
    for rang in cr.fetchall():
        feuille = Feuille()
        for nom, valeur in zip(noms, rang):
            setattr(feuille, nom, valeur)
        montants, etat_droits, completude, regime, premier = rang[CHAMPS_FEUILLE:]
        feuille.ancien = (feuille.state, *(m or 0 for m in montants), etat_droits, completude, regime)
        feuille.lignes = []
        feuille.cle = (feuille.date_soins, feuille.numero or "", feuille.id)
        # Une feuille (re)déposée n'a pas de rang : d'autres ont pu être acceptées pendant son instance.
        feuille.place = (premier, feuille.cle) if premier and feuille.state != "deposee" else None
        feuille.age = age_en_annees(feuille.naissance, feuille.date_soins) if feuille.naissance else None
        feuilles.append(feuille)
    # Qui a déjà pris rang garde sa place ; les nouvelles suivent, par date de soins puis numéro.
    feuilles.sort(key=lambda f: (f.place is None, f.place or (), f.cle))
    return feuilles


def _lignes(cr, lot, ids):
    par_id = {feuille.id: feuille for feuille in lot.feuilles}
    prestations = lot.referentiel.prestations
    cr.execute(SQL_LIGNES, [ids])
    for rang in cr.fetchall():
        ligne = Ligne()
        (ligne.id, feuille_id, prestation_id, ligne.quantite, ligne.prix, ligne.facture, ligne.revue_q, ligne.revue_pu,
         ligne.revue_rejet, ligne.coefficient, ligne.ticket_facture, ligne.duree, ligne.posologie) = rang[:13]
        ligne.ancien = rang[13:]
        feuille = par_id[feuille_id]
        ligne.feuille = feuille
        ligne.prestation = prestations[prestation_id]
        ligne.rang_ligne = len(feuille.lignes)
        feuille.lignes.append(ligne)


def _droits(env, lot):
    """Pose sur chaque feuille ses droits à la date des soins et la situation de sa formation."""
    droits = env["cnas.assure"].sudo()._droits_par_lot([(f.assure_id, f.date_soins) for f in lot.feuilles])
    situations = env["cnas.formation_sanitaire"].sudo()._situation_par_lot(
        list({(f.formation_id, f.date_soins) for f in lot.feuilles}))
    annees = {}
    for feuille in lot.feuilles:
        jour = feuille.date_soins
        droit = droits[feuille.assure_id, jour]
        feuille.droits_code = "" if droit["etat"] == "ouverts" else droit["code"] or "DRT-02"
        feuille.regime_id = droit["regime_id"]
        feuille.affiliation = droit["date_affiliation"] or None
        feuille.regime_code, feuille.carence_mois = lot.referentiel.regimes.get(feuille.regime_id, ("", 0))
        cle = (droit["date_debut"] or None, jour)
        if cle not in annees:
            annees[cle] = annee_de_droits(*cle)
        feuille.annee = annees[cle]
        feuille.situation = situations.get((feuille.formation_id, jour), "aucune")


def _tarifer(lot):
    tarif, taux = lot.referentiel.tarif, lot.referentiel.taux
    for feuille in lot.feuilles:
        jour, niveau, regime, nature = feuille.date_soins, feuille.niveau, feuille.regime_id, feuille.nature
        for ligne in feuille.lignes:
            prestation = ligne.prestation
            trouve = tarif(prestation.id, niveau, jour)
            ligne.tarif = trouve[0] if trouve else None
            ligne.taux = taux(regime, prestation.type, nature, jour)


def _historique(cr, lot, ids):
    """Lit les lignes déjà acceptées des bénéficiaires (et de leur famille si un plafond la vise)."""
    referentiel = lot.referentiel
    familles = {f.assure_id: f.famille_id for f in lot.feuilles}
    if referentiel.plafonds_famille:
        cr.execute("SELECT id, famille_id FROM cnas_assure WHERE famille_id = ANY(%s)", [list(set(familles.values()))])
        familles.update(cr.fetchall())
    debut = min(min(f.date_soins, f.annee[0]) for f in lot.feuilles)
    depuis = debut - timedelta(days=max(HORIZON, referentiel.frequence_max))
    cr.execute(SQL_HISTORIQUE, {
        "personnes": list(familles), "depuis": depuis, "uniques": referentiel.uniques, "lot": ids})
    for (feuille_id, numero, date, premier, assure, formation, nom, fin, mode, soins, pathologie, praticien,
         prestation, categorie, dci, technique, quantite, base, part, taux, duree, entente, regime) in cr.fetchall():
        lot.historique.ajouter(Passe(
            feuille_id, numero, (premier or JAMAIS, (date, numero or "", feuille_id)), assure, familles[assure], formation,
            nom, date, fin, mode, soins, pathologie, praticien, prestation, categorie, dci, technique, quantite, base, part,
            part_theorique(base, taux), duree, entente, regime))


class Accord:
    """Un accord préalable donné."""

    __slots__ = ("id", "numero", "assure_id", "prestation_id", "formation_id", "quantite", "montant", "debut", "fin")

    def __init__(self, *valeurs):
        for nom, valeur in zip(self.__slots__, valeurs):
            setattr(self, nom, valeur)


def _ententes(cr, lot):
    soumises = [p.id for p in lot.referentiel.prestations.values() if p.entente]
    cr.execute("""
        SELECT id, numero, assure_id, prestation_id, formation_id, COALESCE(quantite_accordee, 0),
               COALESCE(montant_accorde, 0)::bigint, date_debut, date_fin
          FROM cnas_entente_prealable
         WHERE state IN ('accordee', 'expiree') AND date_debut IS NOT NULL AND assure_id = ANY(%s)
           AND prestation_id = ANY(%s)
         ORDER BY date_debut, id""", [list({f.assure_id for f in lot.feuilles}), soumises])
    par_cle = defaultdict(list)
    for rang in cr.fetchall():
        accord = Accord(*rang)
        lot.entente_par_id[accord.id] = accord
        par_cle[accord.assure_id, accord.prestation_id].append(accord)
    lot.ententes = par_cle


def _pieces(cr, lot, ids):
    """Lit les types de pièces jointes, et les feuilles numérisées déjà vues dans un dossier reçu avant."""
    cr.execute("SELECT feuille_id, type_id FROM cnas_feuille_soin_piece WHERE feuille_id = ANY(%s)", [ids])
    jointes = defaultdict(set)
    for feuille_id, type_id in cr.fetchall():
        jointes[feuille_id].add(type_id)
    lot.pieces_jointes = jointes
    cr.execute("""
        SELECT DISTINCT ON (p.feuille_id) p.feuille_id, g.numero
          FROM cnas_feuille_soin_piece p
          JOIN cnas_type_piece t ON t.id = p.type_id AND t.code = 'FEUILLE'
          JOIN cnas_feuille_soin_piece d ON d.empreinte = p.empreinte AND d.feuille_id < p.feuille_id
          JOIN cnas_feuille_soin g ON g.id = d.feuille_id AND g.state NOT IN ('brouillon', 'annulee')
         WHERE p.feuille_id = ANY(%s) AND p.empreinte IS NOT NULL
         ORDER BY p.feuille_id, g.id""", [ids])
    lot.pieces_vues = dict(cr.fetchall())


def _factures(cr, lot):
    numeros = list({f.numero_facture for f in lot.feuilles if f.numero_facture})
    cr.execute("""
        SELECT DISTINCT formation_id, numero_facture_formation, EXTRACT(year FROM date_soins)::int
          FROM cnas_feuille_soin
         WHERE numero_facture_formation = ANY(%s) AND state = 'payee'""", [numeros])
    lot.factures_payees = set(cr.fetchall())


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
