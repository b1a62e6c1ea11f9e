"""./cnas verifier : ce qui se contrôle sans lancer Odoo."""
import ast
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

from . import chemins, console, environnement

RACINE = chemins.RACINE
VERSION = re.compile(r"17\.0\.\d+\.\d+\.\d+\Z")
# Écritures d'une autre version d'Odoo : (motif, fichiers, explication)
AUTRES_VERSIONS = (
    (re.compile(r"<list[\s>/]"), ".xml", "<list> est d'Odoo 18 : écrire <tree>"),
    (re.compile(r"\sattrs\s*=\s*[\"']\{"), ".xml", "attrs= est d'avant Odoo 17 : écrire invisible=\"expression\""),
    (re.compile(r"<(?:button|field)[^>]*\sstates\s*="), ".xml", "states= est d'avant Odoo 17"),
    (re.compile(r"\bt-raw\s*="), ".xml", "t-raw est interdit : écrire t-out"),
    (re.compile(r"\bself\.env\._\("), ".py", "self.env._() est d'Odoo 18 : from odoo import _"),
    (re.compile(r"\bmodels\.(Constraint|Index|UniqueIndex)\("), ".py", "d'Odoo 19 : écrire _sql_constraints"),
    (re.compile(r"\bdef name_get\("), ".py", "name_get est abandonné : _compute_display_name"),
    (re.compile(r"@api\.(multi|one|cr)\b"), ".py", "décorateur d'avant Odoo 13"),
)
# Paquets AGPL tolérés : outils de développement, jamais importés par les addons.
OUTILS_AGPL = {"pytest-odoo", "pylint-odoo", "pylint-plugin-utils"}
# Contrôles de pylint-odoo écartés, avec leur motif.
PYLINT_ECARTES = (
    "attribute-string-redundant",  # les étiquettes du cahier des charges s'écrivent en toutes lettres
    "prefer-env-translation",      # conseille self.env._(), qui n'existe pas dans Odoo 17
    "missing-return",              # init() et consorts : la méthode d'Odoo ne rend rien
    "method-required-super",       # un enregistrement immuable refuse write() et unlink() sans appeler super()
    "no-raise-unlink",             # idem : le refus est l'objet de la méthode
    "consider-merging-classes-inherited",  # un modèle long est partagé en fichiers par sujet
    "context-overridden",          # remplacer le contexte est parfois l'objet même : ôter des défauts forgés
    "except-pass",                 # une erreur attendue que la suite du code traite autrement
    "no-search-all",               # régimes, règles, provinces : de petites tables entières
    "translation-positional-used",  # messages à un ou deux paramètres dans l'ordre naturel
)


def verifier():
    """Passe tous les contrôles ; rend 1 au premier défaut trouvé, tous étant listés."""
    python = environnement.preparer(tests=True)
    defauts = 0
    for titre, controle in (
        ("XML bien formé", xml_bien_forme), ("Manifestes", manifestes), ("Journal des versions", journal_des_versions),
        ("Tests importés", tests_importes), ("Jour des tests", jour_des_tests),
        ("Une méthode, un lieu", methodes_uniques),
        ("Phrases à traduire", phrases_entieres),
        ("Écritures d'une autre version d'Odoo", autres_versions), ("Licences des dépendances", lambda: licences(python)),
        ("docker-compose.yml", lambda: compose(python)),
        ("Dockerfile et scripts", lambda: scripts(python)), ("ruff", lambda: ruff(python)), ("pylint-odoo", lambda: pylint(python)),
    ):
        trouves = list(controle())
        console.etape(f"{titre} : {'conforme' if not trouves else f'{len(trouves)} défaut(s)'}")
        for trouve in trouves:
            console.detail(str(trouve))
        defauts += len(trouves)
    console.dire("Conforme." if not defauts else f"{defauts} défaut(s) à corriger.")
    return 1 if defauts else 0


def _relatif(chemin):
    return Path(chemin).relative_to(RACINE)


def xml_bien_forme():
    """Tout fichier XML des addons se lit."""
    for addon in chemins.TOUS:
        for fichier in chemins.fichiers(RACINE / addon):
            if fichier.suffix in (".xml", ".svg"):
                try:
                    ET.parse(fichier)
                except ET.ParseError as erreur:
                    yield f"{_relatif(fichier)} : {erreur}"


def manifestes():
    """Version, licence, dépendances ; fichiers listés présents, fichiers présents listés."""
    for addon in chemins.TOUS:
        dossier = RACINE / addon
        if not (dossier / "__manifest__.py").exists():
            yield f"{addon} : manifeste absent"
            continue
        manifeste = chemins.manifeste(addon)
        if not VERSION.match(manifeste.get("version", "")):
            yield f"{addon} : version « {manifeste.get('version')} » (attendu 17.0.x.y.z)"
        if manifeste.get("license") != "LGPL-3":
            yield f"{addon} : licence « {manifeste.get('license')} » (attendu LGPL-3)"
        for cle in ("name", "summary", "author", "depends", "category"):
            if not manifeste.get(cle):
                yield f"{addon} : « {cle} » manque au manifeste"
        listes = manifeste.get("data", [])
        yield from (f"{addon} : {f} est listé mais absent" for f in listes if not (dossier / f).is_file())
        yield from (f"{addon} : {f} est listé deux fois" for f in {f for f in listes if listes.count(f) > 1})
        for sous in ("data", "views", "security", "report", "wizards", "wizard"):
            for fichier in chemins.fichiers(dossier / sous):
                relatif = str(fichier.relative_to(dossier))
                if fichier.suffix in (".xml", ".csv") and relatif not in listes and not _cite(dossier, fichier):
                    yield f"{addon} : {relatif} n'est ni listé au manifeste ni lu par le code"
        for obligatoire in ("static/description/icon.png", "README.md"):
            if not (dossier / obligatoire).is_file() and not (obligatoire == "README.md" and (dossier / "readme").is_dir()):
                yield f"{addon} : {obligatoire} manque"
        yield from (f"{addon} : dépendance remontante vers {d}" for d in manifeste.get("depends", [])
                    if d in chemins.TOUS and chemins.TOUS.index(d) > chemins.TOUS.index(addon))


def journal_des_versions():
    """Qui lit CHANGELOG.md y trouve chaque addon à la version de son manifeste."""
    journal = (RACINE / "CHANGELOG.md").read_text(encoding="utf-8")
    for addon in (*chemins.ADDONS, *chemins.EN_PLUS):
        attendu = f"`{addon}` {chemins.manifeste(addon).get('version')}"
        if attendu not in journal:
            yield f"CHANGELOG.md : « {attendu} » manque"


def _cite(dossier, donnees):
    """Vrai si le code de l'addon lit ce fichier de données par son nom, avec ou sans suffixe."""
    motif = re.compile(r"%s|[\"'/]%s[\"'.]" % (re.escape(donnees.name), re.escape(donnees.stem)))
    return any(motif.search(f.read_text(encoding="utf-8")) for f in chemins.fichiers(dossier) if f.suffix in (".py", ".xml"))


def tests_importes():
    """Un test_*.py absent de tests/__init__.py ne tourne jamais : refusé."""
    for addon in chemins.TOUS:
        dossier = RACINE / addon / "tests"
        initial = dossier / "__init__.py"
        presents = {f.stem for f in dossier.glob("test_*.py")}
        if not presents:
            yield f"{addon} : aucun test"
            continue
        importes = set()
        for noeud in ast.walk(ast.parse(initial.read_text(encoding="utf-8") if initial.exists() else "")):
            if isinstance(noeud, ast.ImportFrom):
                importes |= {alias.name for alias in noeud.names}
        yield from (f"{addon} : tests/{nom}.py n'est pas importé dans tests/__init__.py" for nom in sorted(presents - importes))


def jour_des_tests():
    """Les classes de test viennent de cnas_base/tests/common.py, qui fige leur jour : la suite ne rougit pas seule."""
    for addon in chemins.ADDONS:
        for fichier in (RACINE / addon / "tests").glob("*.py"):
            for noeud in ast.walk(ast.parse(fichier.read_text(encoding="utf-8"))):
                if isinstance(noeud, ast.ImportFrom) and noeud.module in ("odoo.tests", "odoo.tests.common"):
                    noms = {alias.name for alias in noeud.names} & {"TransactionCase", "HttpCase", "BaseCase"}
                    yield from (f"{_relatif(fichier)}:{noeud.lineno} : importer {nom} de odoo.addons.cnas_base.tests.common" for nom in sorted(noms))
                # lu à l'import, avant que la classe ne fige son jour
                if isinstance(noeud, ast.Assign) and noeud.col_offset == 0 and re.search(r"\b(today|now)\(", ast.unparse(noeud)):
                    yield f"{_relatif(fichier)}:{noeud.lineno} : partir de JOUR (odoo.addons.cnas_base.tests.common), pas du jour de la machine"


def methodes_uniques():
    """Un addon ne redéfinit pas deux fois la méthode d'un modèle : laquelle passe la première, seul l'ordre des imports le dirait."""
    for addon in chemins.TOUS:
        vues = {}
        for fichier in chemins.fichiers(RACINE / addon):
            if fichier.suffix != ".py" or "tests" in fichier.relative_to(RACINE).parts:
                continue
            for classe in ast.parse(fichier.read_text(encoding="utf-8")).body:
                modele = isinstance(classe, ast.ClassDef) and _modele_etendu(classe)
                for methode in classe.body if modele else ():
                    lieu = f"{_relatif(fichier)}:{methode.lineno}"
                    if isinstance(methode, ast.FunctionDef) and (ailleurs := vues.setdefault((modele, methode.name), lieu)) != lieu:
                        yield f"{lieu} : {modele}.{methode.name} est déjà dans {ailleurs}"


def _modele_etendu(classe):
    """Rend le modèle que crée ou étend une classe, ou None."""
    dits = {cible.id: noeud.value for noeud in classe.body if isinstance(noeud, ast.Assign)
            for cible in noeud.targets if isinstance(cible, ast.Name) and cible.id in ("_name", "_inherit")}
    nom = dits.get("_name") or dits.get("_inherit")
    return nom.value if isinstance(nom, ast.Constant) else None


def phrases_entieres():
    """Une phrase d'usager est entière dans `_()` : l'extraction ne lit ni une f-string, ni une phrase collée, ni un `_()` caché, ni une lettre seule."""
    for addon in chemins.TOUS:
        for fichier in chemins.fichiers(RACINE / addon):
            if fichier.suffix == ".xml":
                yield from (f"{_relatif(fichier)} : « {lettre} » seul entre deux balises ne s'extrait pas : tourner la phrase autrement"
                            for lettre in _lettres_seules(ET.parse(fichier).getroot()))
            if fichier.suffix == ".py" and "tests" not in fichier.relative_to(RACINE).parts:
                arbre = ast.parse(fichier.read_text(encoding="utf-8"))
                yield from (f"{_relatif(fichier)}:{ligne} : {faute}" for ligne, faute in _fautes_de_phrase(arbre))


def _lettres_seules(racine):
    """Rend les mots d'une lettre qui tiennent seuls entre deux balises : « de <t/> à <t/> »."""
    for noeud in racine.iter():
        bouts = [(bout or "").strip() for bout in (noeud.text if len(noeud) else "", *(enfant.tail for enfant in noeud))]
        yield from (bout for bout in bouts if len(bout) == 1 and bout.isalpha())


def _fautes_de_phrase(arbre):
    """Rend les (ligne, faute) des appels à `_` et `_lt` d'un fichier."""
    for noeud in ast.walk(arbre):
        if isinstance(noeud, ast.JoinedStr):
            yield from ((n.lineno, "_() dans une f-string ne s'extrait pas : une phrase entière, des %(mot)s") for n in ast.walk(noeud) if _est_phrase(n))
        if not _est_phrase(noeud) or not noeud.args:
            continue
        if not (isinstance(noeud.args[0], ast.Constant) and isinstance(noeud.args[0].value, str)):
            yield noeud.lineno, "_() attend la phrase entière, en toutes lettres : ni f-string, ni +, ni variable"
        for valeur in (*noeud.args, *(mot.value for mot in noeud.keywords)):
            if any(isinstance(n, ast.JoinedStr) for n in ast.walk(valeur)):
                yield valeur.lineno, "une f-string dans un appel à _() en cache l'extraction : la préparer avant"
            caches = (morceau for appel in ast.walk(valeur) if isinstance(appel, ast.Call)
                      for morceau in (*appel.args, *(mot.value for mot in appel.keywords), *_objet_calcule(appel)))
            if any(_est_phrase(n) for morceau in caches for n in ast.walk(morceau)):
                yield valeur.lineno, "un _() dans un autre appel, lui-même dans _(), ne s'extrait pas : le préparer avant"


def _objet_calcule(appel):
    """L'objet d'une méthode, s'il est entre parenthèses : `(a or _("b")).strip()`, mais pas `_(" ou ").join(…)`."""
    return [appel.func.value] if isinstance(appel.func, ast.Attribute) and not _est_phrase(appel.func.value) else []


def _est_phrase(noeud):
    return isinstance(noeud, ast.Call) and isinstance(noeud.func, ast.Name) and noeud.func.id in ("_", "_lt")


def autres_versions():
    """Aucune écriture propre à une autre version d'Odoo."""
    for addon in chemins.TOUS:
        for fichier in chemins.fichiers(RACINE / addon):
            if fichier.suffix not in (".xml", ".py"):
                continue
            texte = fichier.read_text(encoding="utf-8")
            for motif, suffixe, explication in AUTRES_VERSIONS:
                if fichier.suffix == suffixe:
                    for trouve in motif.finditer(texte):
                        yield f"{_relatif(fichier)}:{texte.count(chr(10), 0, trouve.start()) + 1} : {explication}"


def licences(python):
    """Nos addons sont LGPL-3 : aucune bibliothèque AGPL à côté d'eux."""
    code = ("import importlib.metadata as m\n"
            "for d in m.distributions():\n"
            "    t = ' '.join([d.metadata.get('License') or '', d.metadata.get('License-Expression') or '',"
            " *(d.metadata.get_all('Classifier') or [])])\n"
            "    print(d.metadata['Name'], 'AGPL' in t.upper() or 'AFFERO' in t.upper())\n")
    sortie = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd="/")
    for ligne in sortie.stdout.splitlines():
        nom, agpl = ligne.rsplit(" ", 1)
        if agpl == "True" and nom.lower().replace("_", "-") not in OUTILS_AGPL:
            yield f"{nom} est sous AGPL : incompatible avec nos addons LGPL-3"


def _outil(commande):
    env = {c: v for c, v in os.environ.items() if c not in ("PYTHONPATH", "PYTHONHOME")}
    return subprocess.run(commande, capture_output=True, text=True, cwd=RACINE, env=env, stdin=subprocess.DEVNULL)


def compose(python):
    """docker-compose.yml suit le schéma officiel de Compose."""
    sortie = _outil([python, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"])
    if sortie.returncode:
        yield (sortie.stdout or sortie.stderr).strip()


def scripts(python):
    """hadolint sur le Dockerfile, shellcheck sur les scripts de docker/."""
    outils = Path(python).parent
    for commande in ([outils / "hadolint", "--no-color", "--failure-threshold", "warning", "Dockerfile"],
                     [outils / "shellcheck", *sorted((RACINE / "docker").glob("*.sh"))]):
        sortie = _outil(commande)
        if sortie.returncode:
            yield (sortie.stdout or sortie.stderr).strip()


def ruff(python):
    """ruff, réglé dans pyproject.toml."""
    sortie = _outil([python, "-m", "ruff", "check", "--no-cache", "--output-format=concise", "."])
    for ligne in sortie.stdout.splitlines():
        if re.match(r"\S+:\d+:\d+:", ligne):
            yield ligne
    if sortie.returncode not in (0, 1):
        yield sortie.stderr.strip()


def pylint(python):
    """pylint-odoo, réglé dans pyproject.toml ; seulement ses contrôles, pour Odoo 17."""
    sortie = _outil([python, "-m", "pylint", "--rcfile=pyproject.toml", "--load-plugins=pylint_odoo", "--ignore=tests",
                     f"--disable={','.join(PYLINT_ECARTES)}", "--output-format=parseable", *chemins.TOUS])
    for ligne in dict.fromkeys(sortie.stdout.splitlines()):
        if re.match(r"\S+\.(py|xml|csv|po|md|rst):\d+:", ligne):
            yield ligne
    if sortie.returncode & 32 or (sortie.returncode and not sortie.stdout):
        yield sortie.stderr.strip()[-500:]
