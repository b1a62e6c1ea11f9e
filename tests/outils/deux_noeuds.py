"""Deux Odoo, un PostgreSQL, un nginx, des fichiers partagés ; l'un des deux tué en plein lot : rien ne se perd.

Une démonstration, hors de `./cnas tester` (nginx n'est pas sur toute machine) : CNAS_CONTEXTE=.cnas/contexte.json
python tests/outils/deux_noeuds.py, après un `./cnas tester tests/outils` qui prépare la machine. Rend 0 si tout tient.
"""
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import conftest  # noqa: E402

from lanceur import chemins, postgres  # noqa: E402
from lanceur import serveur as odoo_serveur  # noqa: E402

BASE = "cnas_e2e_noeuds"
VERROU_DU_MENEUR = 2293787760715711918  # celui de queue_job : un seul nœud distribue les tâches, l'autre prend sa suite
NGINX = """
pid {dossier}/pid; error_log {dossier}/erreurs.log; daemon off; worker_processes 1;
events {{}}
http {{
    access_log off; client_body_temp_path {dossier}/corps; proxy_temp_path {dossier}/proxy;
    fastcgi_temp_path {dossier}/f; uwsgi_temp_path {dossier}/u; scgi_temp_path {dossier}/s;
    upstream odoo {{ {noeuds} }}
    server {{
        listen 127.0.0.1:{port};
        proxy_connect_timeout 2s; proxy_read_timeout 1260s;
        # ce qui n'a pas été reçu passe à l'autre ; ce qui l'a été n'est jamais rejoué par le proxy
        proxy_next_upstream error timeout;
        location / {{ proxy_pass http://odoo; proxy_set_header Host $http_host; }}
    }}
}}
"""


def dire(texte):
    sys.stdout.write(f"{time.strftime('%H:%M:%S')}  {texte}\n")
    sys.stdout.flush()


class Noeud(conftest.Serveur):
    """Un Odoo : le même magasin de fichiers que l'autre, sa configuration et son port à lui."""

    def relancer(self):
        configuration = self.machine.outils.configuration(self.base, http_port=self.port, max_cron_threads=1, proxy_mode=True)
        sienne = configuration.with_name(f"{self.base}-{self.port}.conf")
        shutil.copy(configuration, sienne)
        sortie = open(chemins.journal(f"{self.base}-{self.port}.log"), "a", encoding="utf-8")  # noqa: SIM115 : au processus
        self.processus = subprocess.Popen(self.machine.outils.commande(sienne), env=self.machine.outils.env(), cwd="/",
                                          stdin=subprocess.DEVNULL, stdout=sortie, stderr=sortie, start_new_session=True)
        odoo_serveur.attendre(self.processus, self.port, f"{self.base}-{self.port}.log")


def principal():
    """Prépare, tue, compte."""
    assert shutil.which("nginx"), "nginx manque : apt-get install nginx-light"
    machine = conftest.decrire_machine()
    machine.outils.supprimer_base(BASE)
    machine.outils.creer_base(BASE, modele=machine.modele)
    noeuds = [Noeud(machine, BASE) for _rang in range(2)]
    proxy = None
    with tempfile.TemporaryDirectory() as dossier:
        try:
            for noeud in noeuds:
                noeud.relancer()
            dire(f"deux Odoo : {', '.join(str(noeud.port) for noeud in noeuds)}")
            port = odoo_serveur.port_au_hasard()
            Path(dossier, "nginx.conf").write_text(NGINX.format(
                dossier=dossier, port=port, noeuds=" ".join(f"server 127.0.0.1:{noeud.port} max_fails=1 fail_timeout=5s;" for noeud in noeuds)), encoding="utf-8")
            proxy = subprocess.Popen(["nginx", "-c", f"{dossier}/nginx.conf"], stderr=subprocess.DEVNULL)
            return eprouver(machine, noeuds, f"http://127.0.0.1:{port}")
        finally:
            if proxy:
                proxy.terminate()
                proxy.wait()
            for noeud in noeuds:
                noeud.arreter()
            machine.outils.supprimer_base(BASE)


def eprouver(machine, noeuds, adresse):
    for _essai in range(50):
        try:
            urllib.request.urlopen(f"{adresse}/cnas/sante", timeout=10).close()
            break
        except OSError:
            time.sleep(0.2)
    agent, admin = (conftest.Rpc(adresse, BASE, login, login) for login in ("agent", "admin"))
    deposees, refus, fini = [], [], threading.Event()
    matricules = [a["matricule"] for a in agent.appel("cnas.assure", "search_read", [("state", "=", "actif")], ["matricule"], limit=40)]
    jour = admin.appel("cnas.feuille_soin", "search_read", [("state", "=", "validee")], ["date_soins"], limit=1, order="date_soins desc")[0]["date_soins"]

    def deposer():
        hasard, rang, session = random.Random(1), 0, conftest.Rpc(adresse, BASE, "agent", "agent")
        while not fini.is_set():
            rang += 1
            feuille = {"reference": f"NOEUD-{rang}", "formation": "CS-ABE-01", "matricule": hasard.choice(matricules), "date_soins": jour,
                       "pathologie": "B54", "agence": "AG-ABE", "lignes": [{"prestation": "ACT0002", "quantite": 1, "prix_unitaire": 500}]}
            for _essai in range(20):  # un script rejoue l'envoi qu'une panne a coupé : il rend les mêmes numéros
                try:
                    deposees.append(session.appel("cnas.feuille_soin", "importer", [feuille])[0])
                    break
                except Exception as panne:
                    refus.append(f"{type(panne).__name__} {str(panne)[:80]}")
                    time.sleep(0.5)

    fil = threading.Thread(target=deposer)
    fil.start()
    attendre(lambda: len(deposees) > 3, 240)
    lot = lancer_un_lot(admin)
    attendre(lambda: admin.appel("cnas.lot", "read", [lot], ["traites"])[0]["traites"] > 0, 240)
    meneur = meneur_des_taches(machine, noeuds)
    avant = len(deposees)
    meneur.tuer()
    dire(f"le nœud {meneur.port}, qui mène les tâches, est tué (kill -9) ; {avant} feuilles déposées jusque-là")
    attendre(lambda: admin_sur(adresse).appel("cnas.lot", "read", [lot], ["state"])[0]["state"] == "fait", 300)
    dire("le lot a fini sur l'autre nœud")
    attendre(lambda: len(deposees) > avant + 5, 240)
    meneur.relancer()
    dire("le nœud tué est revenu")
    attendre(lambda: len(deposees) > avant + 10, 240)
    fini.set()
    fil.join()
    return compter(machine, lot, deposees, refus)


def lancer_un_lot(admin):
    """Seize tâches d'une province chacune : supprimées une fois, et une seule."""
    provinces = [admin.appel("cnas.province", "create", {"name": f"Nœud {n}", "code": f"N{n}"}) for n in range(16)]
    modele = admin.appel("ir.model", "search", [("model", "=", "cnas.province")])[0]
    action = admin.appel("ir.actions.server", "create", {
        "name": "Essai", "model_id": modele, "state": "code",
        "code": f'action = env["cnas.lot"]._lancer("Essai de nœuds", "cnas.province", "unlink", {provinces}, taille=1) and False'})
    admin.appel("ir.actions.server", "run", [action])
    return admin.appel("cnas.lot", "search", [("name", "=", "Essai de nœuds")], limit=1)[0]


def admin_sur(adresse):
    return conftest.Rpc(adresse, BASE, "admin", "admin")


def meneur_des_taches(machine, noeuds):
    """Le nœud dont la connexion tient le verrou du meneur de `queue_job`."""
    acces = machine.outils.acces
    sortie = subprocess.run([postgres.programme("psql", acces), "-XAtc", f"""
        SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) | l.objid::bigint = {VERROU_DU_MENEUR}""", "-d", BASE],
        env=machine.outils.env(), capture_output=True, text=True)
    return next(noeud for noeud in noeuds if sortie.stdout.strip() == f"odoo-{noeud.processus.pid}")


def attendre(condition, delai):
    fin = time.monotonic() + delai
    while time.monotonic() < fin:
        try:
            if condition():
                return
        except Exception:
            pass
        time.sleep(0.5)
    raise AssertionError("cela n'est pas arrivé à temps")


def compter(machine, lot, deposees, refus):
    """Chaque feuille rendue est en base une fois, les numéros se suivent, chaque tâche a fini, chaque fichier est là."""
    def lire(requete):
        sortie = subprocess.run([postgres.programme("psql", machine.outils.acces), "-XAtc", requete, "-d", BASE],
                                env=machine.outils.env(), capture_output=True, text=True, check=True)
        return sortie.stdout.split()

    rendues = {d["numero"] for d in deposees}
    en_base = lire("SELECT numero FROM cnas_feuille_soin WHERE reference LIKE 'NOEUD-%' AND state <> 'brouillon'")
    rangs = sorted(int(numero.rsplit("-", 1)[1]) for numero in en_base)
    taches = lire(f"SELECT state || ':' || count(*) FROM queue_job WHERE lot_id = {lot} GROUP BY state")
    absents = [nom for nom in lire("SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL")
               if not (machine.outils.donnees / "filestore" / BASE / nom).is_file()]
    bilan = {"déposées": len(en_base), "en double": len(en_base) - len(set(en_base)), "rendues mais absentes": len(rendues - set(en_base)),
             "trous": rangs[-1] - rangs[0] + 1 - len(rangs), "tâches": taches, "fichiers absents": len(absents), "appels coupés, rejoués": len(refus)}
    dire(json.dumps(bilan, ensure_ascii=False))
    tenu = not (bilan["en double"] or bilan["rendues mais absentes"] or bilan["trous"] or absents) and taches == ["done:16"]
    dire("tenu" if tenu else "PERDU")
    return 0 if tenu else 1


if __name__ == "__main__":
    sys.exit(principal())
