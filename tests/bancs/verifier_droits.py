"""Vérification des droits par matricule parmi un million d'assurés."""

TITRE = "verifier_droits"


def mesurer(banc):
    """But : ≤ 3 requêtes SQL, quel que soit l'assuré."""
    assures = banc.env["cnas.assure"]
    banc.cr.execute("SELECT matricule FROM cnas_assure WHERE matricule IS NOT NULL ORDER BY id DESC LIMIT 4")
    for rang, (matricule,) in enumerate(banc.cr.fetchall()):
        reponse = assures.verifier_droits(matricule, "2026-11-20")
        assert reponse["trouve"] and reponse["etat_droits"] == "ouverts", reponse
        nombre = banc.requetes(lambda m=matricule: assures.verifier_droits(m, "2026-11-20"))
        banc.noter(f"requêtes, assuré {rang + 1} de la famille", nombre, "", but="≤ 3", atteint=nombre <= 3)
    duree = banc.chrono(lambda: assures.verifier_droits(matricule, "2026-11-20"), fois=15)
    banc.noter("durée", duree * 1000, "ms")
