"""Les indicateurs de pilotage : une table. Chaque source dit ses faits et ses axes, chaque indicateur sa formule SQL.

Un taux est le quotient des sommes, jamais la moyenne de quotients ; sans diviseur il n'est pas déterminé. Une cohorte se compte à
sa date de réception : on ne divise pas les sorties d'un mois par les entrées d'un autre.
"""
from dataclasses import dataclass, field

from odoo.tools.translate import _lt

from odoo.addons.cnas_base.impression.langue import sql_francais
from odoo.addons.cnas_base.jour import sql_jour

DECIDEES = "('validee', 'payee', 'rejetee')"
DANS_LA_PERIODE = "BETWEEN %(debut)s AND %(fin)s"
AXES = {
    "agence": ("agence_id", "cnas.agence", _lt("Agence")),
    "province": ("province_id", "cnas.province", _lt("Province")),
    "regime": ("regime_id", "cnas.regime", _lt("Régime")),
    "formation": ("formation_id", "cnas.formation_sanitaire", _lt("Formation sanitaire")),
    "controleur": ("controleur_id", "res.users", _lt("Contrôleur")),
}
TOUS_LES_AXES = dict.fromkeys(AXES)


@dataclass(frozen=True)
class Source:
    """Des faits : la requête qui les rend (une colonne par axe), ce qu'on y mesure, la liste qui les montre."""

    sql: str
    mesures: dict           # {nom: agrégat SQL}
    axes: dict              # {axe: chemin du champ dans la liste, None : le nom de la colonne}
    modele: str = ""        # la liste qu'un clic ouvre
    date: str = ""          # son champ de date


@dataclass(frozen=True)
class Indicateur:
    """Un chiffre : sa formule sur les mesures des sources, et ce qui le juge."""

    code: str
    nom: object
    famille: str
    formule: str            # SQL, sur les mesures
    sources: tuple          # celles que lit la formule ; un clic ouvre la première
    unite: str = "nombre"   # nombre | jours | % | FCFA | mois | par an
    sens: str = ""          # bas : moins il y en a, mieux c'est ; haut : l'inverse
    orange: float = 0
    rouge: float = 0
    domaine: list = field(default_factory=list)   # ce que la liste garde
    detail: tuple = ()      # (source, colonne, mesure de rang) : ses dix premiers


FAMILLES = [
    ("delais", _lt("Délais et stock")), ("qualite", _lt("Rejets et recours")), ("cout", _lt("Coûts et recours aux soins")),
    ("equilibre", _lt("Équilibre financier")), ("population", _lt("Population et cartes")), ("pratiques", _lt("Pratiques de soins")),
    ("risque", _lt("Contrôle et archives")),
]

_FEUILLES = """
    SELECT f.*, o.province_id FROM cnas_feuille_soin f LEFT JOIN cnas_formation_sanitaire o ON o.id = f.formation_id
     WHERE f.state NOT IN ('brouillon', 'annulee') AND {jour} BETWEEN %(debut)s AND %(fin)s"""
_PAR_LA_FEUILLE = "f.agence_id, f.regime_id, f.formation_id, f.controleur_id, o.province_id"
_DEPUIS_LA_FEUILLE = """
      JOIN cnas_feuille_soin f ON f.id = {lien}
      LEFT JOIN cnas_formation_sanitaire o ON o.id = f.formation_id"""
_CHEMINS_FEUILLE = {axe: f"feuille_id.{colonne}" for axe, (colonne, _m, _l) in AXES.items()} | {
    "province": "feuille_id.formation_id.province_id"}
_FORMATION = {"formation": None, "province": "formation_id.province_id"}
_OUVRES = "(SELECT count(*) FROM generate_series(%(debut)s::date, %(fin)s::date, '1 day') j WHERE extract(isodow FROM j) < 6)"
_DUREE = "(%(fin)s::date - %(debut)s::date + 1)"

SOURCES = {
    "feuilles": Source(
        _FEUILLES.format(jour="f.date_depot"),
        {
            "recues": "count(*)",
            "traitees": f"count(*) FILTER (WHERE x.state IN {DECIDEES})",
            "rejetees": "count(*) FILTER (WHERE x.state = 'rejetee')",
            "incompletes": "count(*) FILTER (WHERE x.completude = 'incomplet' OR EXISTS "
                           "(SELECT 1 FROM cnas_demande_pieces d WHERE d.feuille_id = x.id))",
            "fermes": "count(*) FILTER (WHERE x.etat_droits = 'fermes')",
            "attente_liquidation": f"sum(greatest({sql_jour('x.date_decision')} - x.date_depot, 0)) FILTER (WHERE x.state IN {DECIDEES})",
            "liquidees": f"count(x.date_decision) FILTER (WHERE x.state IN {DECIDEES})",
            "facture": f"sum(x.montant_facture) FILTER (WHERE x.state IN {DECIDEES})",
            "rejete": f"sum(x.montant_rejete) FILTER (WHERE x.state IN {DECIDEES})",
            "part": f"sum(x.montant_cnas) FILTER (WHERE x.state IN {DECIDEES})",
            "reste_a_charge": f"sum(x.ticket_moderateur + x.depassement) FILTER (WHERE x.state IN {DECIDEES})",
            "consommants": "count(DISTINCT x.assure_id)",
        }, TOUS_LES_AXES, "cnas.feuille_analyse", "date_depot"),
    "survenance": Source(
        _FEUILLES.format(jour="f.date_soins"),
        {"prestations": f"sum(x.montant_cnas) FILTER (WHERE x.state IN {DECIDEES})"},
        TOUS_LES_AXES, "cnas.feuille_analyse", "date_soins"),
    "annee": Source(
        _FEUILLES.format(jour="f.date_soins").replace("%(debut)s", "(%(fin)s::date - interval '1 year' + interval '1 day')"),
        {"depense_annuelle": f"sum(x.montant_cnas) FILTER (WHERE x.state IN {DECIDEES})"}, TOUS_LES_AXES),
    "decisions": Source(
        _FEUILLES.format(jour=sql_jour("f.date_decision")),
        {"decidees": f"count(*) FILTER (WHERE x.state IN {DECIDEES})",
         "jugees": f"count(*) FILTER (WHERE x.state IN {DECIDEES} AND x.decidee_par_id IS NOT NULL)",
         "juges": f"count(DISTINCT x.decidee_par_id) FILTER (WHERE x.state IN {DECIDEES})"},
        {**TOUS_LES_AXES, "province": "formation_id.province_id"}, "cnas.feuille_soin", "date_decision"),
    # L'état du jour de la fin : ce qui a été décidé depuis attendait encore.
    "stock": Source(
        f"""SELECT f.*, o.province_id, %(fin)s::date - f.date_depot AS age
              FROM cnas_feuille_soin f LEFT JOIN cnas_formation_sanitaire o ON o.id = f.formation_id
             WHERE f.state <> 'brouillon' AND f.date_depot <= %(fin)s
               AND (f.state NOT IN ('annulee', 'validee', 'payee', 'rejetee') OR {sql_jour('f.date_decision')} > %(fin)s)""",
        {"en_stock": "count(*)", "vieux": "count(*) FILTER (WHERE x.age > 60)"},
        TOUS_LES_AXES, "cnas.feuille_analyse", "<date_depot"),
    "lignes": Source(
        f"""SELECT l.*, p.type_prestation, p.categorie, {sql_francais("p.name")} AS name, m.generique, {_PAR_LA_FEUILLE}
              FROM cnas_feuille_soin_ligne l {_DEPUIS_LA_FEUILLE.format(lien='l.feuille_id')}
              JOIN cnas_prestation p ON p.id = l.prestation_id LEFT JOIN cnas_medicament m ON m.prestation_id = p.id
             WHERE f.state IN {DECIDEES} AND f.date_depot {DANS_LA_PERIODE}""",
        {
            "abattu": "sum(x.montant_rejete) FILTER (WHERE x.decision = 'abattue')",
            "facture_lignes": "sum(x.montant_facture)",
            "part_lignes": "sum(x.montant_cnas)",
            "part_pharmacie": "sum(x.montant_cnas) FILTER (WHERE x.type_prestation = 'medicament')",
            "medicaments": "count(*) FILTER (WHERE x.type_prestation = 'medicament' AND x.decision <> 'rejetee')",
            "generiques": "count(*) FILTER (WHERE x.type_prestation = 'medicament' AND x.decision <> 'rejetee' AND x.generique)",
            "accouchements": "sum(x.quantite_retenue) FILTER (WHERE x.categorie = 'accouchement')",
            "cesariennes": "sum(x.quantite_retenue) FILTER (WHERE x.categorie = 'accouchement' AND x.name ILIKE '%%sarienne%%')",
            "consultations": "sum(x.quantite_retenue) FILTER (WHERE x.categorie IN ('consultation', 'cpn', 'visite'))",
        }, _CHEMINS_FEUILLE, "cnas.feuille_soin.ligne", "feuille_id.date_depot"),
    "factures": Source(
        f"""SELECT f.*, o.province_id FROM cnas_facture f JOIN cnas_formation_sanitaire o ON o.id = f.formation_id
             WHERE f.state NOT IN ('brouillon', 'annulee') AND {sql_jour('f.date_soumission')} {DANS_LA_PERIODE}""",
        {"payees": "count(*) FILTER (WHERE x.state = 'payee')",
         "attente_paiement": f"sum(greatest(x.date_paiement - {sql_jour('x.date_soumission')}, 0)) FILTER (WHERE x.state = 'payee')"},
        _FORMATION, "cnas.facture", "date_soumission"),
    "ententes": Source(
        f"""SELECT e.*, o.province_id, a.regime_id FROM cnas_entente_prealable e JOIN cnas_assure a ON a.id = e.assure_id
              LEFT JOIN cnas_formation_sanitaire o ON o.id = e.formation_id WHERE {sql_jour('e.date_demande')} {DANS_LA_PERIODE}""",
        {"ententes_decidees": "count(x.date_decision)",
         "attente_entente": f"sum(greatest({sql_jour('x.date_decision')} - {sql_jour('x.date_demande')}, 0))"},
        {**_FORMATION, "regime": "assure_id.regime_id"}, "cnas.entente_prealable", "date_demande"),
    "instances": Source(
        f"""SELECT d.*, {_PAR_LA_FEUILLE} FROM cnas_demande_pieces d {_DEPUIS_LA_FEUILLE.format(lien='d.feuille_id')}
             WHERE d.date_demande {DANS_LA_PERIODE}""",
        {"instances_closes": "count(x.date_fermeture)", "attente_instance": "sum(x.date_fermeture - x.date_demande)"},
        _CHEMINS_FEUILLE, "cnas.demande_pieces", "date_demande"),
    "contestations": Source(
        f"""SELECT c.*, o.province_id FROM cnas_contestation c JOIN cnas_formation_sanitaire o ON o.id = c.formation_id
             WHERE c.date_depot {DANS_LA_PERIODE}""",
        {"contestations_jugees": "count(x.date_decision) FILTER (WHERE x.state <> 'retiree')",
         "gagnees": "count(*) FILTER (WHERE x.state IN ('acceptee', 'acceptee_partielle'))"},
        _FORMATION, "cnas.contestation", "date_depot"),
    "motifs": Source(
        f"""SELECT a.*, r.code || ' — ' || COALESCE(r.name->>%(langue)s, {sql_francais("r.name")}) AS motif, {_PAR_LA_FEUILLE} FROM cnas_anomalie a
              JOIN cnas_regle_controle r ON r.id = a.regle_id {_DEPUIS_LA_FEUILLE.format(lien='a.feuille_id')}
             WHERE a.state = 'ouverte' AND a.severite IN ('rejet', 'abattement') AND f.date_depot {DANS_LA_PERIODE}
               AND f.state IN {DECIDEES}""",
        {"motifs": "count(*)",
         "retenu": "sum(x.montant_avant - x.montant_apres)",
         "premiers": "(SELECT max(n) FROM (SELECT count(*) AS n FROM unnest(array_agg(x.regle_id)) r GROUP BY r) y)"},
        _CHEMINS_FEUILLE, "cnas.anomalie", "feuille_id.date_depot"),
    "alertes": Source(
        f"""SELECT a.*, f.state AS etat_feuille, l.decision, {_PAR_LA_FEUILLE} FROM cnas_anomalie a
              {_DEPUIS_LA_FEUILLE.format(lien='a.feuille_id')} LEFT JOIN cnas_feuille_soin_ligne l ON l.id = a.ligne_id
             WHERE a.severite = 'signalement' AND f.date_depot {DANS_LA_PERIODE}""",
        {"alertes_traitees": f"count(*) FILTER (WHERE x.state = 'levee' OR x.etat_feuille IN {DECIDEES})",
         "alertes_confirmees": "count(*) FILTER (WHERE x.state = 'ouverte' AND (x.etat_feuille = 'rejetee' OR "
                               f"(x.etat_feuille IN {DECIDEES} AND x.decision IN ('rejetee', 'abattue'))))"},
        _CHEMINS_FEUILLE, "cnas.anomalie", "feuille_id.date_depot"),
    "pathologies": Source(
        f"""SELECT f.*, o.province_id, p.code || ' — ' || COALESCE(p.name->>%(langue)s, {sql_francais("p.name")}) AS pathologie FROM cnas_feuille_soin f
              JOIN cnas_pathologie p ON p.id = f.pathologie_id LEFT JOIN cnas_formation_sanitaire o ON o.id = f.formation_id
             WHERE f.state IN {DECIDEES} AND f.date_depot {DANS_LA_PERIODE}""",
        {"part_dix_pathologies": "(SELECT sum(c) FROM (SELECT sum(cout) AS c FROM unnest(array_agg(x.pathologie_id), "
                                 "array_agg(x.montant_cnas)) u(patho, cout) GROUP BY patho ORDER BY 1 DESC LIMIT 10) y)",
         "part_pathologies": "sum(x.montant_cnas)"},
        TOUS_LES_AXES, "cnas.feuille_analyse", "date_depot"),
    # Le coût moyen de chaque formation, comparé à ses pairs du même niveau.
    "pairs": Source(
        f"""SELECT g.*, (g.moyen - avg(g.moyen) OVER niveau) / NULLIF(stddev_samp(g.moyen) OVER niveau, 0) AS ecart FROM (
            SELECT f.formation_id, o.province_id, f.niveau_formation, o.name AS formation, avg(f.montant_cnas) AS moyen,
                   sum(f.montant_cnas) AS total, count(*) AS nombre
              FROM cnas_feuille_soin f JOIN cnas_formation_sanitaire o ON o.id = f.formation_id
             WHERE f.state IN ('validee', 'payee') AND f.date_depot {DANS_LA_PERIODE} GROUP BY 1, 2, 3, 4) g
            WINDOW niveau AS (PARTITION BY g.niveau_formation)""",
        {"hors_norme": "count(*) FILTER (WHERE x.ecart >= 3)", "part_formations": "sum(x.total)"},
        _FORMATION, "cnas.feuille_analyse", "date_depot"),
    # Protégé ce jour-là : immatriculé, ni radié ni décédé depuis.
    "proteges": Source(
        """SELECT a.*, g.code AS regime FROM cnas_assure a LEFT JOIN cnas_regime g ON g.id = a.regime_id
            WHERE a.active AND a.state IN ('actif', 'suspendu', 'radie')
              AND (a.date_immatriculation IS NULL OR a.date_immatriculation <= %(fin)s)
              AND (a.state <> 'radie' OR a.date_radiation > %(fin)s) AND (a.date_deces IS NULL OR a.date_deces > %(fin)s)""",
        {"proteges": "count(*)", "amed": "count(*) FILTER (WHERE x.regime = 'AMED')"},
        {"province": None, "regime": None}, "cnas.assure", "<date_immatriculation"),
    "cartes": Source(
        f"""SELECT c.*, a.province_id FROM cnas_carte c JOIN cnas_assure a ON a.id = c.assure_id WHERE c.date_demande {DANS_LA_PERIODE}""",
        {"cartes_remises": "count(x.date_remise)", "attente_carte": "sum(x.date_remise - x.date_demande)"},
        {"agence": None, "regime": None, "province": "assure_id.province_id"}, "cnas.carte", "date_demande"),
    "cotisations": Source(
        f"SELECT d.* FROM cnas_declaration_effectif d WHERE d.state = 'validee' AND d.periode {DANS_LA_PERIODE}",
        {"appelees": "sum(x.montant_appele)"}, {}, "cnas.declaration_effectif", "periode"),
    "indus": Source(
        f"""SELECT i.*, o.province_id FROM cnas_indu i LEFT JOIN cnas_formation_sanitaire o ON o.id = i.formation_id
             WHERE i.state <> 'annule' AND {sql_jour('i.create_date')} {DANS_LA_PERIODE}""",
        {"indus_detectes": "sum(x.montant)", "indus_recuperes": "sum(x.montant_compense + x.montant_rembourse)"},
        _FORMATION, "cnas.indu", "create_date"),
    "boites": Source(
        f"""SELECT b.*, NOT EXISTS (SELECT 1 FROM cnas_feuille_soin f WHERE f.boite_id = b.id
                                     AND f.state NOT IN ('annulee', 'validee', 'payee', 'rejetee')) AS close
              FROM cnas_boite_archive b WHERE b.state <> 'detruite' AND {sql_jour('b.create_date')} <= %(fin)s""",
        {"boites": "count(*)", "a_detruire": "count(*) FILTER (WHERE x.state = 'fermee' AND x.close)"},
        {"agence": None}, "cnas.boite_archive", ""),
    # Ce que la caisse dit d'elle-même, dans ses paramètres datés ; 0 : pas encore dit.
    "caisse": Source(
        f"""SELECT %(frais_gestion_annuels)s * {_DUREE} / 365.0 AS frais, %(dotation_amed_annuelle)s * {_DUREE} / 365.0 AS dotation,
                   %(reserves)s AS reserves, %(cible_amed)s AS cible, %(provision)s AS provision""",
        {"frais": "sum(NULLIF(x.frais, 0))", "dotation": "sum(x.dotation)", "reserves": "sum(NULLIF(x.reserves, 0))",
         "cible": "sum(NULLIF(x.cible, 0))", "provision": "sum(x.provision)"}, {}),
}

_RESSOURCES = "NULLIF(COALESCE(appelees, 0) + COALESCE(dotation, 0), 0)"
_CHARGES = "(COALESCE(prestations, 0) + COALESCE(provision, 0))"

INDICATEURS = (
    # --- délais et stock
    Indicateur("delai_traitement", _lt("Délai moyen de traitement"), "delais", "attente_liquidation / NULLIF(liquidees, 0)::numeric",
               ("feuilles",), "jours", "bas", 20, 30, [("traitees", "=", 1)]),
    Indicateur("delai_paiement", _lt("Délai de paiement"), "delais", "attente_paiement / NULLIF(payees, 0)::numeric",
               ("factures",), "jours", "bas", 45, 60, [("state", "=", "payee")]),
    Indicateur("delai_entente", _lt("Délai d'entente préalable"), "delais", "attente_entente / NULLIF(ententes_decidees, 0)::numeric",
               ("ententes",), "jours", "bas", 1.5, 2, [("date_decision", "!=", False)]),
    Indicateur("delai_instance", _lt("Délai moyen en instance"), "delais", "attente_instance / NULLIF(instances_closes, 0)::numeric",
               ("instances",), "jours", "bas", 20, 30, [("date_fermeture", "!=", False)]),
    Indicateur("taux_traitement", _lt("Taux de traitement"), "delais", "100.0 * traitees / NULLIF(recues, 0)",
               ("feuilles",), "%", "haut", 95, 90, [("traitees", "=", 0)]),
    Indicateur("stock", _lt("Stock en attente"), "delais", "en_stock", ("stock",), domaine=[("en_stock", "=", 1)]),
    Indicateur("age_stock", _lt("Stock de plus de 60 jours"), "delais", "100.0 * vieux / NULLIF(en_stock, 0)",
               ("stock",), "%", "bas", 3, 5, [("en_stock", "=", 1), ("age_stock", "in", ("4", "5"))]),
    Indicateur("couverture_stock", _lt("Couverture du stock"), "delais", f"en_stock * {_DUREE} / NULLIF(decidees, 0)::numeric",
               ("stock", "decisions"), "jours", "bas", 10, 15, [("en_stock", "=", 1)]),
    Indicateur("productivite", _lt("Feuilles jugées par agent et par jour ouvré"), "delais",
               f"jugees / NULLIF(juges * {_OUVRES}, 0)::numeric", ("decisions",), domaine=[("decidee_par_id", "!=", False)]),
    # --- rejets et recours
    Indicateur("rejet_nombre", _lt("Taux de rejet (nombre)"), "qualite", "100.0 * rejetees / NULLIF(traitees, 0)",
               ("feuilles",), "%", "bas", 8, 10, [("rejetees", "=", 1)]),
    Indicateur("rejet_montant", _lt("Taux de rejet (montant)"), "qualite", "100.0 * rejete / NULLIF(facture, 0)",
               ("feuilles",), "%", "bas", 6, 8, [("montant_rejete", ">", 0), ("traitees", "=", 1)]),
    Indicateur("abattement", _lt("Taux d'abattement"), "qualite", "100.0 * COALESCE(abattu, 0) / NULLIF(facture_lignes, 0)",
               ("lignes",), "%", "bas", 4, 5, [("decision", "=", "abattue")]),
    Indicateur("instance", _lt("Taux d'instance"), "qualite", "100.0 * incompletes / NULLIF(recues, 0)",
               ("feuilles",), "%", "bas", 10, 15, [("en_instance", "=", 1)]),
    Indicateur("droits_fermes", _lt("Taux de droits fermés"), "qualite", "100.0 * fermes / NULLIF(recues, 0)",
               ("feuilles",), "%", "bas", 3, 5, [("droits_fermes", "=", 1)]),
    Indicateur("motifs", _lt("Part du premier motif de rejet"), "qualite", "100.0 * premiers / NULLIF(motifs, 0)",
               ("motifs",), "%", domaine=[("state", "=", "ouverte"), ("severite", "in", ("rejet", "abattement"))],
               detail=("motifs", "motif", "retenu")),
    Indicateur("contestation", _lt("Succès des contestations"), "qualite", "100.0 * gagnees / NULLIF(contestations_jugees, 0)",
               ("contestations",), "%", "bas", 20, 30),
    # --- coûts
    Indicateur("cout_feuille", _lt("Coût moyen par feuille"), "cout", "part / NULLIF(traitees - rejetees, 0)", ("feuilles",), "FCFA",
               domaine=[("traitees", "=", 1), ("rejetees", "=", 0)]),
    Indicateur("cout_beneficiaire", _lt("Coût moyen par bénéficiaire"), "cout", "part / NULLIF(proteges, 0)", ("feuilles", "proteges"), "FCFA",
               domaine=[("traitees", "=", 1)]),
    Indicateur("cout_consommant", _lt("Coût moyen par consommant"), "cout", "part / NULLIF(consommants, 0)", ("feuilles",), "FCFA",
               domaine=[("traitees", "=", 1)]),
    Indicateur("utilisation", _lt("Taux d'utilisation (contacts par an)"), "cout",
               f"consultations * 365.0 / NULLIF(proteges * {_DUREE}, 0)", ("lignes", "proteges"), "par an", "haut", 0.8, 0.5,
               [("prestation_id.categorie", "in", ("consultation", "cpn", "visite"))]),
    Indicateur("taux_consommants", _lt("Taux de consommants"), "cout", "100.0 * consommants / NULLIF(proteges, 0)", ("feuilles", "proteges"), "%"),
    # --- équilibre
    Indicateur("sinistralite", _lt("Sinistralité (S/P)"), "equilibre", f"100.0 * {_CHARGES} / {_RESSOURCES}",
               ("survenance", "cotisations", "caisse"), "%", "bas", 75, 85),
    Indicateur("ratio_combine", _lt("Ratio combiné"), "equilibre", f"100.0 * ({_CHARGES} + frais) / {_RESSOURCES}",
               ("survenance", "cotisations", "caisse"), "%", "bas", 95, 100),
    Indicateur("frais_gestion", _lt("Frais de gestion"), "equilibre", f"100.0 * frais / {_RESSOURCES}", ("cotisations", "caisse"), "%", "bas", 8, 10),
    Indicateur("provision", _lt("Provision pour tardifs"), "equilibre", "provision", ("caisse",), "FCFA"),
    Indicateur("reserve", _lt("Réserve"), "equilibre", "reserves * 12.0 / NULLIF(depense_annuelle, 0)", ("caisse", "annee"), "mois", "haut", 6, 3),
    Indicateur("recouvrement", _lt("Taux de recouvrement"), "equilibre", "NULL::numeric", ("cotisations",), "%", "haut", 95, 90),
    # --- population
    Indicateur("cible", _lt("Couverture de la cible AMED"), "population", "100.0 * amed / cible", ("proteges", "caisse"), "%", "haut", 70, 50,
               [("regime_id.code", "=", "AMED"), ("state", "=", "actif")]),
    Indicateur("delai_carte", _lt("Délai de remise de carte"), "population", "attente_carte / NULLIF(cartes_remises, 0)::numeric",
               ("cartes",), "jours", "bas", 10, 15, [("date_remise", "!=", False)]),
    # --- pratiques
    Indicateur("reste_a_charge", _lt("Reste à charge"), "pratiques", "100.0 * reste_a_charge / NULLIF(facture, 0)",
               ("feuilles",), "%", "bas", 25, 30, [("traitees", "=", 1)]),
    Indicateur("part_pharmacie", _lt("Part de la pharmacie"), "pratiques", "100.0 * part_pharmacie / NULLIF(part_lignes, 0)",
               ("lignes",), "%", domaine=[("prestation_id.type_prestation", "=", "medicament")]),
    Indicateur("cesarienne", _lt("Taux de césarienne"), "pratiques", "100.0 * COALESCE(cesariennes, 0) / NULLIF(accouchements, 0)",
               ("lignes",), "%", "bas", 15, 20, [("prestation_id.categorie", "=", "accouchement")]),
    Indicateur("generique", _lt("Taux de générique (DCI)"), "pratiques", "100.0 * generiques / NULLIF(medicaments, 0)",
               ("lignes",), "%", "haut", 80, 70, [("prestation_id.type_prestation", "=", "medicament")]),
    Indicateur("pathologies", _lt("Part des dix premières pathologies"), "pratiques",
               "100.0 * part_dix_pathologies / NULLIF(part_pathologies, 0)", ("pathologies",), "%", domaine=[("traitees", "=", 1)],
               detail=("pathologies", "pathologie", "part_pathologies")),
    Indicateur("formations", _lt("Formations au coût hors norme"), "pratiques", "hors_norme", ("pairs",), "nombre", "bas", 1, 1,
               [("traitees", "=", 1)], ("pairs", "formation", "part_formations")),
    # --- contrôle et archives
    Indicateur("confirmation", _lt("Confirmation des alertes"), "risque", "100.0 * alertes_confirmees / NULLIF(alertes_traitees, 0)",
               ("alertes",), "%", "haut", 30, 20, [("severite", "=", "signalement")]),
    Indicateur("indus", _lt("Indus récupérés"), "risque", "100.0 * indus_recuperes / NULLIF(indus_detectes, 0)", ("indus",), "%",
               domaine=[("state", "!=", "annule")]),
    Indicateur("archivage", _lt("Boîtes à détruire"), "risque", "100.0 * a_detruire / NULLIF(boites, 0)", ("boites",), "%", "bas", 10, 25,
               [("state", "=", "fermee")]),
)
PAR_CODE = {indicateur.code: indicateur for indicateur in INDICATEURS}
