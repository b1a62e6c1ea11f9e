"""Tarif applicable à toutes les prestations de banc, en une fois."""

TITRE = "tarif_applicable"


def mesurer(banc):
    """But : nombre de requêtes constant entre 10 et 1 000 codes."""
    prestations = banc.env["cnas.prestation"]
    banc.cr.execute("SELECT code FROM cnas_prestation WHERE code LIKE 'BPR%%' ORDER BY id LIMIT 1000")
    codes = [ligne[0] for ligne in banc.cr.fetchall()]
    petit = banc.requetes(lambda: prestations.tarif_applicable(codes[:10], "2026-11-20", 1))
    grand = banc.requetes(lambda: prestations.tarif_applicable(codes, "2026-11-20", 1))
    banc.noter(f"requêtes pour {len(codes)} codes", grand, "", f"{petit} pour 10 codes", "constant", grand == petit)
    banc.noter("durée par code", banc.chrono(lambda: prestations.tarif_applicable(codes, "2026-11-20", 1)) / len(codes) * 1e6, "µs")
