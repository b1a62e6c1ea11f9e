"""Données du jeu d'essai : noms de lieux vrais, personnes et comptes inventés."""

CS, HD, HP, HR = "centre_sante", "hopital_district", "hopital_provincial", "hopital_reference"

# code, nom, type, district, urbain, revitalisé, téléphone, adresse
FORMATIONS = [
    ("CS-ABE-01", "Centre de santé de Djatinié", CS, "abeche", True, True, "66 20 10 01", "Quartier Djatinié, Abéché"),
    ("CS-BON-01", "Centre de santé de Bongor Centre", CS, "bongor", True, True, "66 20 10 02", "Avenue du Logone, Bongor"),
    ("CS-DAN-01", "Centre de santé de Danamadji", CS, "danamadji", False, True, "66 20 10 03", "Danamadji"),
    ("CS-NDJ-01", "Centre de santé de Chagoua", CS, "n_djamena_sud", True, False, "66 20 10 04", "Chagoua, N'Djamena"),
    ("CS-ABE-02", "Centre de santé d'Abougoudam Route", CS, "abeche", False, False, "66 20 10 05", "Route d'Abougoudam"),
    ("CS-BON-02", "Centre de santé de Télémé", CS, "bongor", False, False, "66 20 10 06", "Télémé, Bongor"),
    ("HD-BON-01", "Hôpital de district de Bongor", HD, "bongor", True, False, "66 20 20 01", "Bongor"),
    ("HD-DAN-01", "Hôpital de district de Danamadji", HD, "danamadji", False, False, "66 20 20 02", "Danamadji"),
    ("HD-ADR-01", "Hôpital de district d'Adré", HD, "adre", True, False, "66 20 20 03", "Adré"),
    ("HD-NDJ-01", "Hôpital de district de N'Djamena Est", HD, "n_djamena_est", True, False, "66 20 20 04", "N'Djamena Est"),
    ("HP-ABE-01", "Hôpital provincial d'Abéché", HP, "abeche", True, False, "66 20 30 01", "Abéché"),
    ("HP-BON-01", "Hôpital provincial de Bongor", HP, "bongor", True, False, "66 20 30 02", "Bongor"),
    ("HP-SAR-01", "Hôpital provincial de Sarh", HP, "sarh", True, False, "66 20 30 03", "Sarh"),
    ("HR-NDJ-01", "Hôpital général de référence nationale", HR, "n_djamena_centre", True, False, "66 20 40 01", "N'Djamena"),
    ("HR-NDJ-02", "Hôpital de la Mère et de l'Enfant", HR, "n_djamena_centre", True, False, "66 20 40 02", "N'Djamena"),
    ("HR-NDJ-03", "Hôpital de la Renaissance", HR, "n_djamena_nord", True, False, "66 20 40 03", "N'Djamena"),
]

# Fin de la convention, en mois depuis le dernier mois raconté ; les autres : quatorze. None : sans convention.
CONVENTIONS = {
    "CS-ABE-02": None,
    "HD-NDJ-01": 2,
}

# numéro d'ordre, nom, qualification, spécialité, formations
PRATICIENS = [
    ("INF-0101", "Kaltouma Abdoulaye", "infirmier_diplome", "SPE035", ["CS-ABE-01"]),
    ("INF-0102", "Ngarmadji Rimtebaye", "infirmier_diplome", "SPE035", ["CS-BON-01"]),
    ("INF-0103", "Denembaye Solange", "infirmier_diplome", "SPE035", ["CS-DAN-01"]),
    ("INF-0104", "Hawa Issa", "infirmier_diplome", "SPE035", ["CS-NDJ-01"]),
    ("INF-0105", "Adoum Khamis", "infirmier", "SPE035", ["CS-ABE-02"]),
    ("INF-0106", "Tao Félicité", "infirmier", "SPE035", ["CS-BON-02"]),
    ("SF-0101", "Mariam Youssouf", "sage_femme", "SPE036", ["CS-ABE-01", "HP-ABE-01"]),
    ("SF-0102", "Remadji Thérèse", "sage_femme", "SPE036", ["CS-BON-01", "HD-BON-01"]),
    ("SF-0103", "Nodjimadji Clarisse", "sage_femme", "SPE036", ["CS-DAN-01", "HD-DAN-01"]),
    ("SF-0104", "Zenaba Moussa", "sage_femme", "SPE036", ["HR-NDJ-02", "CS-NDJ-01"]),
    ("ONMT-0101", "Dr Mahamat Saleh Abdramane", "medecin_generaliste", "SPE001", ["CS-ABE-01"]),
    ("ONMT-0102", "Dr Ngaba Mbaïrom", "medecin_generaliste", "SPE001", ["HD-BON-01"]),
    ("ONMT-0103", "Dr Djimtola Nelly", "medecin_generaliste", "SPE001", ["HD-DAN-01"]),
    ("ONMT-0104", "Dr Abdelkerim Tom", "medecin_generaliste", "SPE001", ["HD-ADR-01"]),
    ("ONMT-0105", "Dr Brahim Hisseine", "medecin_generaliste", "SPE001", ["HD-NDJ-01"]),
    ("ONMT-0106", "Dr Yangalbé Doumtangar", "medecin_generaliste", "SPE001", ["CS-BON-01", "HP-BON-01"]),
    ("ONMT-0107", "Dr Mbaïosso Étienne", "medecin_generaliste", "SPE001", ["HP-SAR-01"]),
    ("ONMT-0201", "Dr Oumar Béchir", "medecin_specialiste", "SPE005", ["HD-BON-01", "HP-BON-01"]),
    ("ONMT-0202", "Dr Khadidja Ramadane", "medecin_specialiste", "SPE004", ["HP-ABE-01"]),
    ("ONMT-0203", "Dr Issa Haroun", "medecin_specialiste", "SPE005", ["HP-ABE-01"]),
    ("ONMT-0204", "Dr Naïmbayel Robert", "medecin_specialiste", "SPE002", ["HP-SAR-01"]),
    ("ONMT-0205", "Dr Fatimé Adam", "medecin_specialiste", "SPE003", ["HR-NDJ-02"]),
    ("ONMT-0206", "Dr Grâce Mornadji", "medecin_specialiste", "SPE004", ["HR-NDJ-02"]),
    ("ONMT-0207", "Dr Ali Seïd", "medecin_specialiste", "SPE011", ["HR-NDJ-01", "HR-NDJ-03"]),
    ("ONMT-0208", "Dr Toïra Valentin", "medecin_specialiste", "SPE006", ["HR-NDJ-03"]),
    ("ONMT-0209", "Dr Haoua Djamal", "medecin_specialiste", "SPE024", ["HR-NDJ-01"]),
    ("ONMT-0210", "Dr Nguenang Paul", "medecin_specialiste", "SPE014", ["HR-NDJ-01"]),
    ("ONMT-0199", "Dr Malloum Bichara", "medecin_generaliste", "SPE001", ["HD-ADR-01"]),
    ("DENT-0101", "Dr Amina Sougui", "chirurgien_dentiste", "SPE021", ["HR-NDJ-01"]),
    ("PHAR-0101", "Dr Bintou Malloum", "pharmacien", "SPE033", ["HR-NDJ-01"]),
]

# identifiant (mot de passe identique), nom, formation
USAGERS = [
    ("formation", "Ousmane Djatinié", "CS-ABE-01"),
    ("formation2", "Pélagie Bongor", "HD-BON-01"),
]


def plages_carnets(codes):
    """Rend [(premier numéro, code)] : cinq cents feuilles par formation, à partir de 100 001."""
    return [(100_001 + 500 * rang, code) for rang, code in enumerate(codes)]
