"""Liste des feuilles dans l'espace d'une formation : pleine page parmi 400 000 feuilles, contre la même page vide."""
import re
import statistics
import time

import requests

TITRE = "portail"
LISTE = "/my/formation/feuilles"
LOGIN = "banc_portail"


def mesurer(banc):
    """But : la page de vingt feuilles, la plus chargée des formations, en deux fois la page vide au plus ; moins de 100 Ko."""
    banc.cr.execute("SELECT formation_id, count(*) FROM cnas_feuille_soin GROUP BY formation_id ORDER BY 2 DESC LIMIT 1")
    formation, nombre = banc.cr.fetchone()
    usager = banc.env["res.users"].with_context(no_reset_password=True).search([("login", "=", LOGIN)]) or banc.env["res.users"].create({
        "name": "Banc du portail", "login": LOGIN, "groups_id": [(6, 0, banc.env.ref("cnas_base.group_portail_formation").ids)]})
    usager.write({"password": LOGIN, "formation_ids": [(6, 0, [formation])]})
    banc.env.flush_all()
    banc.cr.commit()
    with banc.serveur() as serveur:
        session = requests.Session()
        jeton = re.search(r'name="csrf_token" value="([^"]+)"', session.get(f"{serveur.url}/web/login").text).group(1)
        session.post(f"{serveur.url}/web/login", data={"login": LOGIN, "password": LOGIN, "csrf_token": jeton, "db": serveur.base})
        vide, pleine = f"{serveur.url}{LISTE}?recherche=introuvable", f"{serveur.url}{LISTE}"
        durees = {vide: [], pleine: []}
        for _tour in range(31):  # en alternance : la machine est bruyante
            for adresse, mesures in durees.items():
                debut = time.perf_counter()
                page = session.get(adresse)
                mesures.append(time.perf_counter() - debut)
                assert page.status_code == 200
        assert page.url.endswith(LISTE) and page.text.count("etat-") >= min(nombre, 20), page.url
    banc.noter("feuilles de la formation", nombre, "")
    banc.noter("poids de la page", len(page.content) / 1024, "Ko", but="< 100 Ko", atteint=len(page.content) < 100 * 1024)
    banc.rapport("page pleine / page vide", statistics.median(durees[pleine]), statistics.median(durees[vide]), 2)
