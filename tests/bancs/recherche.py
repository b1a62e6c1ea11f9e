"""Recherche d'un assuré par morceau de nom : index trigramme, à comparer à la clé primaire."""

TITRE = "Recherche d'un assuré par morceau de nom"


def mesurer(banc):
    """But : ≤ 15 ms de plus que la lecture par clé primaire ; rien ne s'écrit, les caches restent chauds comme sur un serveur."""
    assures = banc.env["cnas.assure"]
    banc.cr.execute("SELECT max(id) FROM cnas_assure")
    cle = banc.cr.fetchone()[0]
    etalon = banc.chrono(lambda: assures.browse(cle).read(["name", "matricule"]), fois=15, remise_a_zero=False)
    for morceau in ("NGARADOUM MBAI", "djimrangar hagg", "KEBZABO", "mohamed saleh", "Hawa Adam"):
        duree = banc.chrono(lambda m=morceau: assures.name_search(m, limit=8), fois=15, remise_a_zero=False)
        banc.noter(f"name_search « {morceau} »", (duree - etalon) * 1000, "ms de plus", f"{etalon * 1000:.2f} ms", "≤ 15 ms", duree - etalon <= 0.015)
        duree = banc.chrono(lambda m=morceau: assures.search([("recherche", "ilike", m)], limit=80).ids, fois=15, remise_a_zero=False)
        banc.noter(f"liste « {morceau} »", (duree - etalon) * 1000, "ms de plus", f"{etalon * 1000:.2f} ms")
    banc.cr.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'cnas_assure' AND indexdef LIKE '%%gin_trgm_ops%%'")
    banc.noter("index trigrammes", len(banc.cr.fetchall()), "", but="≥ 1", atteint=banc.cr.rowcount >= 1)
