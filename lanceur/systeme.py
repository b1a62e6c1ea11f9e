"""Paquets du système : installés sans question quand c'est possible, demandés d'une phrase sinon."""
import ctypes
import os
import shutil
import subprocess

from . import chemins, console

RTLCSS = "rtlcss@4.3.0"
_etat = {"liste_a_jour": False}


def est_root():
    """Vrai pour l'administrateur de la machine."""
    return os.geteuid() == 0


def _prefixe_apt():
    """Commande qui lance apt-get sans rien demander, ou None."""
    if not shutil.which("apt-get"):
        return None
    if est_root():
        return []
    if shutil.which("sudo") and subprocess.run(
            ["sudo", "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def installer(*paquets):
    """Installe des paquets Debian ; rend True si c'est fait."""
    prefixe = _prefixe_apt()
    if prefixe is None:
        return False
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    console.detail(f"apt-get install {' '.join(paquets)}")
    commande = [*prefixe, "apt-get", "install", "-y", "--no-install-recommends", *paquets]
    if not _etat["liste_a_jour"]:
        console.executer([*prefixe, "apt-get", "update"], "apt.log", env=env)
        _etat["liste_a_jour"] = True
    return console.executer(commande, "apt.log", env=env) == 0


def chromium():
    """Chemin d'un Chromium du système, ou None."""
    for nom in ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable"):
        if shutil.which(nom):
            return shutil.which(nom)
    return None


def _bibliotheque(nom):
    """Vrai si cette bibliothèque du système se charge."""
    try:
        ctypes.CDLL(nom)
    except OSError:
        return False
    return True


def _polices_presentes():
    """Vrai si les polices des impressions, latine et arabe, sont là."""
    if not shutil.which("fc-list"):
        return os.path.isdir("/usr/share/fonts/truetype/dejavu")
    # les impressions demandent ces deux familles à fontconfig ; DejaVu les remplace, sans leur dessin
    familles = (subprocess.run(["fc-list", famille, "family"], capture_output=True, text=True).stdout
                for famille in ("Noto Sans", "Noto Naskh Arabic"))
    return all(famille.strip() for famille in familles)


def _lecture_presente():
    """Vrai si Tesseract lit le français et l'arabe."""
    if not shutil.which("tesseract"):
        return False
    langues = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True).stdout.split()
    return {"fra", "ara"} <= set(langues)


def _rtlcss():
    """Retourne les feuilles de style d'Odoo, pour l'arabe : pris chez npm, que Debian n'a pas en paquet. Rend faux s'il manque."""
    if shutil.which("rtlcss", path=chemins.avec_outils()):
        return True
    if not shutil.which("npm") and not installer("npm"):
        return False
    chemins.RTLCSS.mkdir(parents=True, exist_ok=True)
    console.detail(f"npm install {RTLCSS}")
    console.executer(["npm", "install", "--global", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(chemins.RTLCSS), RTLCSS], "npm.log")
    return _rtlcss_retourne()


def _rtlcss_retourne():
    """Vrai si rtlcss retourne vraiment une feuille : « left » devient « right »."""
    try:
        sortie = subprocess.run(["rtlcss", "-"], input="a{float:left}", capture_output=True, text=True, timeout=30,
                                env={**os.environ, "PATH": chemins.avec_outils()})
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "right" in sortie.stdout


def preparer_outils(navigateur=False):
    """PDF, polices et, pour les tests, Chromium. Rien n'est bloquant ici : l'absence est dite."""
    manquants, phrases = [], []
    if not shutil.which("wkhtmltopdf"):
        manquants.append("wkhtmltopdf")
        phrases.append("wkhtmltopdf manque : les impressions PDF échoueront (Debian/Ubuntu : apt-get install wkhtmltopdf)")
    if not _polices_presentes():
        manquants += ["fonts-dejavu-core", "fonts-noto-core"]
        phrases.append("polices DejaVu/Noto manquantes : les PDF en arabe seront illisibles "
                       "(apt-get install fonts-dejavu-core fonts-noto-core)")
    if not _lecture_presente():
        manquants += ["tesseract-ocr", "tesseract-ocr-fra", "tesseract-ocr-ara"]
        phrases.append("Tesseract (français, arabe) manque : les pages numérisées ne se chercheront pas par leurs mots "
                       "(apt-get install tesseract-ocr tesseract-ocr-fra tesseract-ocr-ara)")
    if navigateur and not _bibliotheque("libatomic.so.1"):
        manquants.append("libatomic1")
        phrases.append("libatomic1 manque : le programme qui pilote Chromium ne démarrera pas (apt-get install libatomic1)")
    if navigateur and not chromium():
        manquants.append("chromium")
        phrases.append("Chromium manque : les parcours à l'écran échoueront (apt-get install chromium)")
    if manquants and not installer(*manquants):
        for phrase in phrases:
            console.detail(phrase)
    if not _rtlcss():
        console.detail("rtlcss manque : en arabe, le client web restera rangé de gauche à droite (npm install -g rtlcss)")
