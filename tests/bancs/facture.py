"""Ouverture d'une facture : le nombre de requêtes ne dépend pas du nombre de feuilles ; somme en SQL comparée à un SELECT nu."""

TITRE = "Facture de 20 et de 2 000 feuilles"
TAILLES = (20, 2000)
MONTANTS = ("montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete")


def mesurer(banc):
    """But : autant de requêtes à 20 qu'à 2 000 feuilles pour ouvrir, sommer et lire la comparaison."""
    factures = {taille: _facture(banc, rang, taille) for rang, taille in enumerate(TAILLES, 1)}
    gestes = {
        "ouvrir le formulaire (80 lignes)": lambda f: f.web_read(_ecran()),
        "sommer les montants": lambda f: f._actualiser_montants(),
        "lire motifs et comparaison": lambda f: f.read(["synthese_motifs", "synthese_regimes", "evolution", "cout_moyen_pairs"]),
    }
    for nom, geste in gestes.items():
        petites, grandes = (banc.requetes(lambda t=taille, g=geste: g(factures[t])) for taille in TAILLES)
        banc.noter(f"{nom} : requêtes à 2 000", grandes, "requêtes", f"{petites} à 20", "= à 20", grandes == petites)
    grande = factures[TAILLES[1]]
    etalon = banc.chrono(lambda: _somme_nue(banc, grande), fois=7)
    banc.noter("sommer 2 000 feuilles", banc.chrono(lambda: grande._actualiser_montants(), fois=7) / etalon, "×", f"{etalon * 1000:.1f} ms")
    grande._actualiser_montants()
    banc.noter("part CNAS = Σ des feuilles", abs(int(grande.montant_cnas) - _somme_nue(banc, grande)), "FCFA d'écart", but="0",
               atteint=int(grande.montant_cnas) == _somme_nue(banc, grande))


def _facture(banc, rang, taille):
    """Rend une facture brouillon qui porte `taille` feuilles de la base de référence."""
    banc.cr.execute("SELECT min(id) FROM cnas_formation_sanitaire")
    facture = banc.env["cnas.facture"].create({"formation_id": banc.cr.fetchone()[0], "periode": f"2024-{rang:02d}-01"})
    facture.flush_recordset()
    banc.cr.execute("""
        UPDATE cnas_feuille_soin SET facture_id = %s WHERE id IN (
            SELECT id FROM cnas_feuille_soin WHERE facture_id IS NULL AND state <> 'brouillon' ORDER BY id LIMIT %s)""",
                    (facture.id, taille))
    banc.env.invalidate_all()
    return facture


def _ecran():
    """Ce que le client web demande en ouvrant une facture."""
    nom = {"fields": {"display_name": {}}}
    feuille = {champ: {} for champ in ("numero", "reference", "date_soins", "state", *MONTANTS)}
    return {
        **{champ: {} for champ in ("numero", "periode", "state", "nb_feuilles", "net_a_payer", "peut_valider", "raisons_actions", *MONTANTS)},
        "formation_id": nom, "feuille_ids": {"fields": {**feuille, "assure_id": nom}, "limit": 80},
        "decompte_ids": {"fields": {"numero": {}}}, "ordre_ids": {"fields": {"numero": {}, "montant": {}}},
    }


def _somme_nue(banc, facture):
    """La somme des parts CNAS par un SELECT."""
    banc.cr.execute("SELECT COALESCE(SUM(montant_cnas), 0)::bigint FROM cnas_feuille_soin WHERE facture_id = %s", (facture.id,))
    return banc.cr.fetchone()[0]
