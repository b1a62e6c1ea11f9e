"""Un lot sur un vrai serveur à un processus (`workers = 0`) : le jobrunner de `queue_job` avance seul.

Trois tâches ; l'une échoue (la province a encore un district), se voit, se corrige et se relance.
"""
import time

LANCER = 'action = env["cnas.lot"]._lancer("Essai de lot", "cnas.province", "unlink", %s, taille=1) and False'


def _attendre(superviseur, lot, etat, delai=300):
    fin = time.monotonic() + delai
    while time.monotonic() < fin:
        lu = superviseur.appel("cnas.lot", "read", [lot], ["state", "traites", "progression", "message_erreur"])[0]
        if lu["state"] == etat and (etat != "erreur" or lu["traites"] == 2):
            return lu
        time.sleep(0.5)
    raise AssertionError(f"le lot n'est pas passé à « {etat} » : {lu}")


def _lancer(admin, ids):
    """Par une action serveur : `_lancer` est interne, aucun script ne l'appelle à distance."""
    modele = admin.appel("ir.model", "search", [("model", "=", "cnas.province")])[0]
    action = admin.appel("ir.actions.server", "create", {
        "name": "Essai", "model_id": modele, "state": "code", "code": LANCER % ids})
    admin.appel("ir.actions.server", "run", [action])
    return admin.appel("cnas.lot", "search", [("name", "=", "Essai de lot")], limit=1)[0]


def test_trois_taches_dont_une_relancee(rpc):
    admin = rpc("admin")
    provinces = [admin.appel("cnas.province", "create", {"name": f"Lot {n}", "code": f"L{n}"}) for n in range(3)]
    district = admin.appel("cnas.district", "create", {"name": "Lot", "province_id": provinces[1]})
    lot = _lancer(admin, provinces)

    lu = _attendre(admin, lot, "erreur")
    assert round(lu["progression"]) == 67 and lu["message_erreur"]
    assert admin.appel("cnas.province", "search", [("id", "in", provinces)]) == [provinces[1]]
    taches = admin.appel("cnas.lot", "read", [lot], ["tache_ids"])[0]["tache_ids"]
    etats = [tache["state"] for tache in admin.appel("queue.job", "read", taches, ["state"])]
    assert sorted(etats) == ["done", "done", "failed"]

    admin.appel("cnas.district", "unlink", [district])
    admin.appel("cnas.lot", "action_relancer", [lot])
    assert _attendre(admin, lot, "fait")["progression"] == 100
    assert not admin.appel("cnas.province", "search", [("id", "in", provinces)])
