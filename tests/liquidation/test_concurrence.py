"""Deux contrôles au même instant, sur la même famille, par deux connexions : rien n'est pris deux fois."""
import threading

import monde
import pytest
from odoo_local import environnement
from test_second_calcul import poser

ESSAIS = 6


@pytest.fixture(scope="module")
def ids(registre):
    """Le monde, validé en base pour que deux connexions le voient."""
    with registre.cursor() as cr:
        env = environnement(cr)
        env["cnas.piece_exigee"].search([]).active = False
        identifiants = monde.poser(env)
        identifiants["agence"] = env["cnas.agence"].search([], limit=1).id
    return identifiants


def feuille(rang, assure, prestation, prix, **autres):
    """Rend une feuille nue d'une ligne."""
    return {"numero": f"CONC-{rang:05d}", "assure": assure, "formation": "F4", "date": monde.J, "fin": monde.J,
            "fin_dite": None, "depot": monde.J, "pathologie": "ordinaire", "nature": "ordinaire", "urgence": False,
            "mode": "tiers_payant", "type_soins": "ambulatoire", "total": 0, "bebe": None,
            "lignes": [{"prestation": prestation, "quantite": 1, "prix": prix}], **autres}


def controler_ensemble(registre, lots):
    """Contrôle chaque lot dans sa connexion, toutes parties au même signal, comme le ferait le serveur."""
    from odoo.service.model import retrying

    depart = threading.Barrier(len(lots))
    pannes = []

    def mener(lot):
        try:
            with registre.cursor() as cr:
                env = environnement(cr)
                cr.execute("SELECT 1")  # la vue de la transaction est prise avant le signal
                depart.wait()
                retrying(lambda: env["cnas.feuille_soin"].browse(lot)._controler(), env)
        except Exception as erreur:  # rapportée au test
            pannes.append(erreur)

    fils = [threading.Thread(target=mener, args=(lot,)) for lot in lots]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert not pannes, pannes


def lire(registre, identifiants):
    """Rend [(état, part CNAS)] dans l'ordre des identifiants."""
    with registre.cursor() as cr:
        cr.execute("SELECT state, montant_cnas::int FROM cnas_feuille_soin WHERE id = ANY(%s) ORDER BY id", [identifiants])
        return cr.fetchall()


def nettoyer(registre, identifiants):
    """Retire les feuilles d'un essai."""
    with registre.cursor() as cr:
        cr.execute("DELETE FROM cnas_feuille_soin WHERE id = ANY(%s)", [identifiants])


@pytest.mark.parametrize("essai", range(ESSAIS))
def test_plafond_de_famille(registre, ids, essai):
    """Deux membres, deux lots : la famille ne dépasse pas son plafond d'un franc."""
    lot = [feuille(100 * essai + rang, assure, "P13", 15000, date=monde.jour(rang))
           for rang, assure in enumerate(("A1", "A2", "A1", "A2", "A1", "A2"))]
    for f in lot:
        f.update(fin=f["date"], depot=f["date"])
    with registre.cursor() as cr:
        identifiants = poser(cr, ids, lot)
    controler_ensemble(registre, [identifiants[0::2], identifiants[1::2]])
    parts = [part for _etat, part in lire(registre, identifiants)]
    nettoyer(registre, identifiants)
    # 6 × 12 000 demandés ; 30 000 par personne, 55 000 + 2 × 1 000 (troisième et quatrième membres) pour la famille
    assert sum(parts) == 57_000
    assert sum(parts[0::2]) <= 30_000 and sum(parts[1::2]) <= 30_000


@pytest.mark.parametrize("essai", range(ESSAIS))
def test_doublon(registre, ids, essai):
    """La même prestation dans deux lots : une seule est acceptée."""
    lot = [feuille(5000 + 10 * essai + rang, "A3", "P05", 700) for rang in range(2)]
    with registre.cursor() as cr:
        identifiants = poser(cr, ids, lot)
    controler_ensemble(registre, [[identifiants[0]], [identifiants[1]]])
    etats = sorted(etat for etat, _part in lire(registre, identifiants))
    nettoyer(registre, identifiants)
    assert etats == ["rejetee", "validee"]
